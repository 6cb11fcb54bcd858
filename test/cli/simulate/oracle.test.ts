import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bars } from '../../../src/cli/simulate/oracle/bars.ts';
import { Counters } from '../../../src/cli/simulate/oracle/counters.ts';
import { exact, plainText, product, ratio } from '../../../src/cli/simulate/oracle/exact.ts';
import { Gaps } from '../../../src/cli/simulate/oracle/gaps.ts';
import { judgeRows } from '../../../src/cli/simulate/oracle/rows.ts';
import type { Piece } from '../../../src/cli/simulate/oracle/trades.ts';

const amount = fc.integer({ min: -(10 ** 9), max: 10 ** 9 }).map((units) => units / 10_000);
const record = { partition: 0, offset: 0, timestamp: 0, key: null, topic: 'log', value: {} };
function rowsOf(
  made: { take(piece: Piece): void; rows(): readonly unknown[] },
  trades: readonly object[],
): readonly unknown[] {
  for (const [index, fields] of trades.entries()) made.take({ record, index, fields: fields as Piece['fields'] });
  return made.rows();
}
const minute = 60_000;

describe('the oracle', () => {
  it('computes without any rounding', () => {
    fc.assert(
      fc.property(amount, amount, (one, other) => {
        expect(Number(plainText(exact(one)))).toBe(one);
        expect(plainText(exact(one) + exact(other) - exact(other))).toBe(plainText(exact(one)));
        const units = BigInt(Math.round(one * 10_000)) * BigInt(Math.round(other * 10_000));
        expect(plainText(product(exact(one), exact(other)))).toBe(plainText(units * 10n ** 16n));
      }),
    );
    expect(plainText(exact(0.1) + exact(0.2))).toBe('0.3');
    expect(ratio(exact(1), exact(3))).toBe(1 / 3);
  });

  it('makes a bar of trades in the order of their time, with those that came late', () => {
    const trade = (price: number, volume: number, time: number, received: number) => ({
      ...{ symbol: 'A', price, volume, time, received },
    });
    const trades = [
      trade(2, 1, 10, 11),
      trade(3, 1, 59_999, 60_000),
      trade(1, 0.5, 0, 70_000),
      trade(9, 1, minute, minute),
    ];
    const options = {
      ...{ every: ['5m', '1m'], by: 'symbol', price: 'price', volume: 'volume', time: 'time', received: 'received' },
      ...{ calendar: 'always', session: 'all', close_after: '2s' },
    };
    const [first, second, ...more] = rowsOf(new Bars(options), trades);
    expect(first).toEqual({
      ...{ key: 'A|1m|0', symbol: 'A', interval: '1m', start: 0, open: '1', high: '3', low: '1', close: '3' },
      ...{
        volume: '2.5',
        turnover: '5.5',
        counted_volume: '2.5',
        trades: 3,
        late_trades: 1,
        first_at: 0,
        last_at: 59_999,
      },
    });
    expect(second).toMatchObject({ key: `A|1m|${minute}`, open: '9', trades: 1, late_trades: 0 });
    expect(more).toEqual([]);
  });

  it('counts, and keeps the highest time', () => {
    const trades = [
      { symbol: 'A', time: 5 },
      { symbol: 'B', time: 1 },
      { symbol: 'A', time: 3 },
    ];
    const options = { by: 'symbol', count: 'tradeCount', latest: { lastTradeAt: 'time' } };
    expect(rowsOf(new Counters(options), trades)).toEqual([
      { symbol: 'A', tradeCount: 2, lastTradeAt: 5 },
      { symbol: 'B', tradeCount: 1, lastTradeAt: 1 },
    ]);
  });

  it('divides a gap where the market was closed in it', () => {
    const gaps = new Gaps({ calendar: 'XNYS', session: 'regular' });
    const [from, to] = [Date.UTC(2025, 10, 20, 20, 30), Date.UTC(2025, 10, 21, 15)];
    gaps.take({ ...record, key: 'A', value: { type: 'gap', gap: { from, to, reason: 'cut', feed: 'mock' } } });
    const open = [from, Date.UTC(2025, 10, 21, 14, 30)];
    expect(gaps.rows()).toMatchObject([
      { key: `mock|A|${from}`, symbol: 'A', from, to: Date.UTC(2025, 10, 20, 21), state: 'closed' },
      { key: `mock|A|${from}|${open[1]}`, from: open[1], to },
    ]);
  });

  it('tells rows that are lost, there twice, of nobody, or wrong', () => {
    const judged = (got: readonly object[]) => {
      const expected = [
        { key: 'a', price: 1.5 },
        { key: 'b', price: 2 },
      ];
      const fields = { key: 'string', price: 'decimal' };
      return judgeRows({ branch: 'trades', what: 'trades', expected, got, fields, unique: 'key' }).violations;
    };
    const [a, b] = [
      { key: 'a', price: '1.5' },
      { key: 'b', price: '2' },
    ];
    expect(judged([b, a])).toEqual([]);
    expect(judged([a]).map(({ kind }) => kind)).toEqual(['trades: trades are lost']);
    expect(judged([a, b, a]).map(({ kind }) => kind)).toEqual(['trades: trades are there twice']);
    expect(judged([a, b, { key: 'c' }]).map(({ kind }) => kind)).toEqual([
      'trades: trades are there that should not be',
    ]);
    expect(judged([a, { ...b, price: '2.5' }])).toEqual([
      { kind: 'trades: trades differ', text: 'trades: b: price is "2.5", expected "2"' },
    ]);
  });
});
