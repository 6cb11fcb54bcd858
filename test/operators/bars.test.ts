import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bars } from '../../operators/bars.ts';
import { candles } from '../../operators/candles.ts';
import type { Lookup, Query, Range } from '../../src/kit/lookup.ts';
import type { Row } from '../../src/kit/row.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';
import { barEdges, barsOf, type ModelTrade } from '../support/contracts/bar-model.ts';
import { candleTable, memoryWorld, sqliteWorld } from '../support/contracts/candle-tables.ts';
import { type TableWorld, TestTable } from '../support/contracts/table-harness.ts';
import { runOperators } from '../support/engine/operators.ts';
import { check, operator } from './declared.ts';

const zone = 'America/New_York';
const minute = 60_000;
const hour = 60 * minute;
/** Around the hours that the clocks skip and repeat, midnights in New York, and full hours. */
const minutes = [
  ...['2025-03-09T04:59Z', '2025-03-09T05:00Z', '2025-03-09T06:59Z', '2025-03-09T07:00Z', '2025-03-10T03:59Z'],
  ...['2025-11-02T05:30Z', '2025-11-02T06:30Z', '2025-11-03T04:59Z', '2025-11-03T05:00Z', '2025-11-03T05:04Z'],
].map((text) => Date.parse(text));
const trade = fc
  .record({
    symbol: fc.constantFrom('A', 'B'),
    price: fc.integer({ min: -(10 ** 6), max: 10 ** 7 }),
    volume: fc.oneof(fc.constant(0), fc.nat(10 ** 7)),
    time: fc.tuple(fc.constantFrom(...minutes), fc.constantFrom(0, 1, 59_999)).map(([at, ms]) => at + ms),
    late: fc.constantFrom(0, 0, 0, 5 * minute),
  })
  .map(({ late, ...rest }) => ({ ...rest, received: rest.time + late }));
const range = fc.record({
  interval: fc.constantFrom('1m', '5m', '1h', '1d'),
  limit: fc.constantFrom(1, 2, 3, 100),
  from: fc.option(fc.constantFrom(...minutes), { nil: undefined }),
  to: fc.option(fc.constantFrom(...minutes), { nil: undefined }),
  now: fc.constantFrom(...minutes),
});
const stores = fc.constantFrom('[1m]', '[1m, 1h]', '[1m, 5m, 1d]');
const every = '[1m, 5m, 1h, 1d]';
const units = (text: unknown, scale = 12): bigint => {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d+)\.?(\d*)$/.exec(String(text)) ?? [];
  return BigInt(whole + fraction.padEnd(scale, '0')) * (sign === '-' ? -1n : 1n);
};

/** The table's rows after these trades, in two batches. */
async function write(table: TestTable, trades: readonly ModelTrade[], store: string): Promise<void> {
  const step = operator(candles, `{ every: ${every}, store: ${store}, calendar: XNYS }`);
  const values = trades.map(({ price, volume, ...rest }) => ({ ...rest, price: price / 1e4, volume: volume / 1e3 }));
  const { out, context } = await runOperators([step], values);
  expect(context.rejections).toEqual([]);
  const half = Math.floor(out.length / 2);
  await table.write(out.slice(0, half));
  await table.write(out.slice(half));
}

interface Asked {
  readonly rows: readonly Row[];
  readonly errors: readonly string[];
}

async function ask(table: Pick<Lookup, 'find'>, value: object, more = '', now = minutes.at(-1) ?? 0): Promise<Asked> {
  const clock = new VirtualClock(now);
  const lookup: Lookup = {
    connect: () => Promise.resolve(),
    close: () => Promise.resolve(),
    find: (query, signal) => table.find(query, signal),
  };
  const context = { ...operatorContext(testEnvironment(clock)), lookup: () => lookup };
  const step = operator(bars, `{ in: candles, every: ${every}, calendar: XNYS${more} }`);
  const { out } = await runOperators([step], [{ symbol: 'A', interval: '1m', limit: 100, ...value }], { context });
  const errors = context.rejections.map(({ code, message }) => `${code} ${message}`);
  return { rows: out.map((message) => message.value as Row), errors };
}

describe.each([
  ['memory', memoryWorld, 40],
  ['SQLite', sqliteWorld, 14],
])('bars in %s', (_name, world: () => TableWorld, numRuns) => {
  const written = async (work: (table: TestTable) => Promise<void>) => {
    const own = world();
    const table = await TestTable.open(own, candleTable, 'merges');
    await work(table);
    await table.close();
    await own.dispose();
  };

  it('are what brute force makes of the trades, of every length, range, store and day on which clocks change', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(trade, { maxLength: 60 }),
        fc.array(range, { maxLength: 6 }),
        stores,
        (all, ranges, store) =>
          written(async (table) => {
            await write(table, all, store);
            const own = all.filter(({ symbol }) => symbol === 'A');
            for (const { interval, limit, from, to, now } of ranges) {
              const { rows, errors } = await ask(table, { interval, limit, from, to }, `, store: ${store}`, now);
              const isPossible = from === undefined || to === undefined || from <= to;
              expect(errors).toEqual(isPossible ? [] : [expect.stringContaining('is after to')]);
              const within = barsOf(zone, interval, own).filter(
                ({ start }) => Number(start) >= (from ?? 0) && Number(start) < (to ?? Number.POSITIVE_INFINITY),
              );
              // Other rows count how often a bar of their own length was corrected.
              const isOfMinutes = store === '[1m]' || interval === '1m';
              const comparable = ({ vwap: _, complete: __, late_trades, ...row }: Row) =>
                isOfMinutes ? { ...row, late_trades } : row;
              expect(rows.map(comparable)).toEqual(isPossible ? within.slice(0, limit).map(comparable) : []);
              for (const row of rows) expectVwap(row, own);
              if (store === '[1m]')
                for (const { start, end, complete } of rows)
                  expect(complete).toBe(Number(end) <= now && own.some((each) => isInTimeBefore(each, Number(start))));
            }
          }),
      ),
      { numRuns },
    ));

  it('have the same volume in all lengths, and are all visited by a client that pages with `to`', () =>
    fc.assert(
      fc.asyncProperty(fc.array(trade, { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (all, limit) =>
        written(async (table) => {
          await write(table, all, '[1m]');
          const sums: bigint[] = [];
          for (const interval of ['1m', '5m', '1h', '1d']) {
            const { rows } = await ask(table, { interval });
            sums.push(rows.reduce((sum, { volume }) => sum + units(volume), 0n));
            const visited: Row[] = [];
            for (let to: unknown; ; to = visited.at(-1)?.['start']) {
              const page = await ask(table, { interval, limit, to });
              visited.push(...page.rows);
              if (page.rows.length < limit) break;
            }
            expect(visited).toEqual(rows);
          }
          const own = all.filter(({ symbol }) => symbol === 'A');
          const total = own.reduce((sum, { volume }) => sum + BigInt(volume) * 10n ** 9n, 0n);
          expect(sums).toEqual([total, total, total, total]);
        }),
      ),
      { numRuns: numRuns / 2 },
    ));

  it('are streamed as they are read without a limit, the oldest first, with their symbol', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(trade, { maxLength: 60 }),
        fc.array(range, { maxLength: 6 }),
        stores,
        (all, ranges, store) =>
          written(async (table) => {
            await write(table, all, store);
            for (const { interval, from, to, now } of ranges) {
              const value = { interval, from, to };
              const { rows, errors } = await ask(table, { ...value, limit: 1000 }, `, store: ${store}`, now);
              const streamed = await ask(table, value, `, store: ${store}, stream: true`, now);
              const wanted = [...rows].reverse().map((row) => ({ symbol: 'A', ...row }));
              expect(streamed).toEqual({ rows: wanted, errors });
            }
          }),
      ),
      { numRuns },
    ));
});

/** A trade whose bar of a minute lies before, and that was received in time. */
function isInTimeBefore({ time, received }: ModelTrade, start: number): boolean {
  const edges = barEdges(zone, '1m', time);
  return edges.start < start && received <= edges.end + 2000;
}

/** Within low and high, and within half a unit of its last digit of what brute force gives. */
function expectVwap({ vwap, volume, low, high, start, end }: Row, trades: readonly ModelTrade[]): void {
  if (units(volume) === 0n) {
    expect(vwap).toBeNull();
    return;
  }
  const own = trades.filter(({ time }) => time >= Number(start) && time < Number(end));
  const turnover = own.reduce((sum, each) => sum + BigInt(each.price) * BigInt(each.volume), 0n);
  const counted = own.reduce((sum, each) => sum + BigInt(each.volume), 0n);
  expect(units(vwap) >= units(low) && units(vwap) <= units(high)).toBe(true);
  // Prices are of 1e-4, and a VWAP has at least as many digits and up to eight.
  const off = units(vwap) * counted - turnover * 10n ** 8n;
  expect((off < 0n ? -off : off) * 2n <= counted * 10n ** 8n).toBe(true);
}

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
