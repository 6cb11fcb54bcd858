import { describe, expect, it } from 'vitest';
import { bars } from '../../operators/bars.ts';
import type { Lookup, Query } from '../../src/kit/lookup.ts';
import type { Row } from '../../src/kit/row.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';
import { candleTable } from '../support/contracts/candle-tables.ts';
import { runOperators } from '../support/engine/operators.ts';
import { check, operator } from './declared.ts';

const minute = 60_000;
const day = 1440 * minute;
const first = Date.parse('2025-06-02T00:00Z');

/** A table of days of rows of a minute, and the queries that it was asked. */
class Days {
  readonly queries: Query[] = [];
  readonly rows: Row[];

  constructor(days: number) {
    this.rows = Array.from({ length: days * 1440 }, (_, index) => ({
      ...{ symbol: 'A', interval: '1m', start: first + index * minute, open: '1', high: '2', low: '1', close: '2' },
      ...{ volume: '10', turnover: '15', counted_volume: '10', trades: 2, late_trades: 0 },
    }));
  }

  find: Lookup['find'] = async (query) => {
    this.queries.push(query);
    const { ranges = [], sort, skip = 0, limit } = query;
    const found = this.rows.filter((row) =>
      ranges.every(({ field, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }) => {
        const value = Number(row[field]);
        return value >= from && value < to;
      }),
    );
    const [{ field = '', descending = false } = {}] = sort;
    found.sort((a, b) => (Number(a[field]) - Number(b[field])) * (descending ? -1 : 1));
    return found.slice(skip, skip + limit);
  };
}

async function stream(tables: Readonly<Record<string, Pick<Lookup, 'find'>>>, value: object, more = '') {
  const clock = new VirtualClock(first + 30 * day);
  const context = {
    ...operatorContext(testEnvironment(clock)),
    lookup: (name: string) => tables[name] as Lookup,
  };
  const step = operator(bars, `{ in: candles, every: [1m, 1h, 1d], stream: true${more} }`);
  const { batches } = await runOperators([step], [{ symbol: 'A', interval: '1m', ...value }], { context });
  const errors = context.rejections.map(({ code, message }) => `${code} ${message}`);
  const pages = batches.map(({ messages }) => messages.map(({ value: row }) => row as Row));
  return { pages, rows: pages.flat(), errors };
}

describe('a stream of bars', () => {
  it('reads a page of rows at a time, each row once, and makes bars that a page ends in whole', async () => {
    for (const [interval, count, volume] of [
      ['1m', 5 * 1440, '10'],
      ['1h', 5 * 24, '600'],
      ['1d', 5, '14400'],
    ] as const) {
      const candles = new Days(5);
      const { rows, errors } = await stream({ candles }, { interval });
      expect([errors, rows.length]).toEqual([[], count]);
      expect(new Set(rows.map((row) => row['volume']))).toEqual(new Set([volume]));
      const paged = candles.queries.filter(({ sort, skip }) => skip === undefined && sort[0]?.descending === false);
      expect(paged.map(({ limit }) => limit)).toEqual(Array(8).fill(1000));
    }
  });

  it('has all of its bars or none: more rows than allowed are refused before the first', async () => {
    const candles = new Days(3);
    const refused = await stream({ candles }, { interval: '1d' }, ', max_rows: 4319');
    expect([refused.pages, refused.errors]).toEqual([
      [],
      ['FDP_PARAMETER_INVALID the bars are made of more than 4319 rows of 1m: narrow the range with from and to'],
    ]);
    expect((await stream({ candles }, { interval: '1d' }, ', max_rows: 4320')).rows).toHaveLength(3);
  });

  it('ends with an error when the rows become more than allowed meanwhile', async () => {
    const candles = new Days(3);
    const later = candles.rows.splice(3000);
    const growing: Pick<Lookup, 'find'> = {
      find: (query, signal) => {
        if (candles.queries.length === 3) candles.rows.push(...later);
        return candles.find(query, signal);
      },
    };
    const { rows, errors } = await stream({ candles: growing }, {}, ', max_rows: 3000');
    expect([rows.length, errors]).toEqual([
      expect.toSatisfy((count: number) => count > 0 && count < 3001),
      ['FDP_RESULT_TOO_LARGE the bars are made of more than 3000 rows of 1m by now'],
    ]);
  });

  it('asks once for the gaps, and for none where there is no bar', async () => {
    const gaps = new Days(0);
    const tables = { candles: new Days(5), gaps };
    const gap = { symbol: 'A', from: first + 3 * day + 1000, to: first + 3 * day + 3000, state: 'closed' };
    gaps.rows.push(gap);
    const { rows } = await stream(tables, {}, ', gaps: gaps');
    const away = rows.filter((row) => row['gap_ms'] !== 0);
    expect(away.map(({ start, gap_ms, complete }) => [start, gap_ms, complete])).toEqual([
      [first + 3 * day, 2000, false],
    ]);
    expect(gaps.queries.map(({ ranges }) => ranges)).toEqual([[{ field: 'to', from: first }]]);
    await stream(tables, { from: first + 9 * day }, ', gaps: gaps');
    expect(gaps.queries).toHaveLength(1);
  });

  it('is for routes, needs no limit, and has columns for a file', () => {
    const fields = candleTable.fields as Readonly<Record<string, 'string'>>;
    const scope = {
      tables: { candles: fields },
      indexes: { candles: candleTable.indexes.map((index) => index.map((each) => each.replace('-', ''))) },
    };
    const input = { symbol: 'string', interval: 'string' } as const;
    const yaml = '{ in: candles, every: [1m], stream: true }';
    const { shape, problems } = check(bars, yaml, input, { ...scope, route: 'GET /bars/{symbol}' });
    expect(problems).toEqual([]);
    expect(Object.keys(shape ?? {})).toEqual([
      ...['symbol', 'start', 'end', 'interval', 'open', 'high', 'low', 'close', 'volume', 'vwap'],
      ...['trades', 'late_trades', 'complete'],
    ]);
    expect(check(bars, yaml, input, scope).problems).toEqual([
      'stream: streams are for routes only | use the field limit',
    ]);
    expect(check(bars, '{ in: candles, every: [1m] }', input, scope).problems).toEqual([
      expect.stringContaining('there is no field limit'),
    ]);
  });
});
