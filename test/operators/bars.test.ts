import { describe, expect, it } from 'vitest';
import { bars } from '../../operators/bars.ts';
import type { Lookup, Query, Range } from '../../src/kit/lookup.ts';
import type { Row } from '../../src/kit/row.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';
import { candleTable } from '../support/contracts/candle-tables.ts';
import { runOperators } from '../support/engine/operators.ts';
import { ask, every, minute, minutes } from './asked-bars.ts';
import { check, operator } from './declared.ts';

const hour = 60 * minute;

describe('bars', () => {
  /** A day of rows of a minute, and the queries that it was asked. */
  const aDay = (days = 1) => {
    const first = Date.parse('2025-06-02T04:00Z');
    const queries: Query[] = [];
    const rows = Array.from({ length: days * 1440 }, (_, index) => ({
      ...{ symbol: 'A', interval: '1m', start: first + index * minute, open: '1', high: '2', low: '1', close: '2' },
      ...{ volume: '10', turnover: '15', counted_volume: '10', trades: 2, late_trades: 0 },
    }));
    const find = (query: Query) => {
      queries.push(query);
      const [{ from = 0, to = Number.POSITIVE_INFINITY } = {}] = (query.ranges ?? []) as readonly Partial<Range>[];
      const found = rows.filter(({ interval, start }) => {
        return query.where['interval'] === interval && start >= from && start < to;
      });
      return Promise.resolve(found.reverse().slice(0, query.limit));
    };
    return { find, queries, first };
  };

  it('read no more rows than the bars need, and in portions', async () => {
    const { find, queries, first } = aDay(5);
    const { rows } = await ask({ find }, { interval: '1d', limit: 2 });
    expect(rows.map(({ start, volume, vwap }) => [start, volume, vwap])).toEqual([
      [first + 96 * hour, '14400', '1.5'],
      [first + 72 * hour, '14400', '1.5'],
    ]);
    expect(queries.map(({ limit }) => limit)).toEqual([2000, 2000]);
  });

  it('are read from the longest stored length that divides theirs', async () => {
    const { find, queries } = aDay();
    for (const interval of ['1m', '5m', '1h', '1d']) await ask({ find }, { interval }, ', store: [1m, 5m, 1d]');
    const asked = new Set(queries.map(({ where }) => where['interval']));
    expect([...asked]).toEqual(['1m', '5m', '1d']);
  });

  it('are refused when they need more rows than allowed, with what to do', async () => {
    const { find } = aDay(3);
    const { rows, errors } = await ask({ find }, { interval: '1d', limit: 3 }, ', max_rows: 3000');
    expect([rows, errors]).toEqual([
      [],
      [
        'FDP_PARAMETER_INVALID limit: 3 bars of 1d are made of more than 3000 rows of 1m: ask for fewer, or give bars of 1d rows of their own (`store` of the operator candles)',
      ],
    ]);
    expect((await ask({ find }, { interval: '1d', limit: 2 }, ', max_rows: 4000')).errors).toEqual([]);
  });

  it('are refused with the lengths that there are, and for a range that ends before it begins', async () => {
    const { find } = aDay();
    expect((await ask({ find }, { interval: '2m' })).errors).toEqual([
      'FDP_PARAMETER_INVALID interval: expected one of 1m, 5m, 1h, 1d, got 2m',
    ]);
    expect((await ask({ find }, { from: 2, to: 1 })).errors).toEqual(['FDP_PARAMETER_INVALID from: 2 is after to, 1']);
  });

  it('are complete once they have ended, if an earlier one has a trade that was received in time', async () => {
    const { find, first } = aDay();
    const now = first + 3 * minute;
    const { rows } = await ask({ find }, { to: first + 4 * minute }, '', now);
    expect(rows.map(({ start, complete }) => [(Number(start) - first) / minute, complete])).toEqual([
      [3, false],
      [2, true],
      [1, true],
      [0, false],
    ]);
    const { rows: later } = await ask({ find }, { from: first + minute, to: first + 2 * minute }, '', now);
    expect(later.map(({ complete }) => complete)).toEqual([true]);
    const late = (query: Query) => find(query).then((found) => found.map((row) => ({ ...row, late_trades: 2 })));
    const { rows: unknown } = await ask({ find: late }, { limit: 2, to: first + 2 * minute }, '', now);
    expect(unknown.map(({ complete }) => complete)).toEqual([false, false]);
  });

  it('are not complete while a feed of the symbol was away in them, for as long as any was', async () => {
    const start = minutes[0] ?? 0;
    const of = (number: number) => ({ symbol: 'A', interval: '1m', start: start + number * minute, trades: 1 });
    const gap = (from: number, to: number, state = 'closed') => ({ from: start + from, to: start + to, state });
    const tables: Readonly<Record<string, Pick<Lookup, 'find'>>> = {
      candles: { find: async ({ ranges }) => (ranges ? [] : [5, 4, 3, 2, 1, 0].map(of)) },
      gaps: {
        find: async ({ where, ranges }) => {
          expect([where, ranges]).toEqual([{ symbol: 'A' }, [{ field: 'to', from: start }]]);
          const twice = [gap(minute + 1000, minute + 3000), gap(minute + 2000, minute + 4000)];
          return [...twice, gap(3 * minute, 3 * minute + 500, 'filled'), gap(5 * minute - 1, 10 ** 15, 'open')];
        },
      },
    };
    const clock = new VirtualClock(start + 6 * minute);
    const context = {
      ...operatorContext(testEnvironment(clock)),
      lookup: (name: string) => tables[name] as Pick<Lookup, 'find'>,
    };
    const value = { symbol: 'A', interval: '1m', limit: 100 };
    const step = operator(bars, `{ in: candles, every: ${every}, gaps: gaps }`);
    const { out } = await runOperators([step], [value], { context });
    expect(context.rejections).toEqual([]);
    const rows = out.map((message) => message.value as Row);
    expect(rows.map(({ gap_ms, complete }) => [gap_ms, complete])).toEqual([
      [60_000, false],
      [1, false],
      [0, true],
      [0, true],
      [3000, false],
      [0, false],
    ]);
    const { out: without } = await runOperators([operator(bars, `{ in: candles, every: ${every} }`)], [value], {
      context,
    });
    expect(without.map((message) => Object.hasOwn(message.value as Row, 'gap_ms'))).toEqual(Array(6).fill(false));
  });

  it('are checked against the table and the parameters', () => {
    const input = { symbol: 'string', interval: 'string', limit: 'number' } as const;
    const fields = Object.fromEntries(
      Object.entries(candleTable.fields).map(([name, type]) => [name, type as 'string' | 'decimal' | 'date' | 'int64']),
    );
    const index = [['symbol', 'interval', 'start']];
    const problems = (yaml: string, tables: object = fields, indexes: string[][] = index, given: object = input) =>
      check(bars, `{ in: candles, ${yaml} }`, given as typeof input, {
        tables: { candles: tables as typeof fields },
        indexes: { candles: indexes },
      }).problems;
    expect(problems('every: [1m, 1h]')).toEqual([]);
    expect(problems('every: [1m, 7m]')).toEqual([expect.stringContaining('every.1: expected whole seconds')]);
    expect(problems('every: [1h], store: [1m]')).toEqual(['store.0: 1m is none of the lengths in every']);
    expect(problems('every: [1m], calendar: XLON')).toEqual([expect.stringContaining('calendar: ')]);
    expect(problems('every: [1m]', fields, [['key']])).toEqual([
      'in: no index of candles leads to a range of start | add [symbol, interval, -start] to its indexes',
    ]);
    const { open: _, ...less } = fields;
    expect(problems('every: [1m]', { ...less, close: 'date' })).toEqual([
      expect.stringContaining('in: there is no field open'),
      'in: close of candles is a date, expected decimal',
    ]);
    expect(problems('every: [1m]', fields, index, { symbol: 'string', limit: 'string' })).toEqual([
      expect.stringContaining('there is no field interval'),
      ': limit is a string, expected number or int64',
    ]);
  });
});
