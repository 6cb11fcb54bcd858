import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candles } from '../../operators/candles.ts';
import type { Row } from '../../src/kit/row.ts';
import { barEdges, barsOf, type ModelTrade } from '../support/contracts/bar-model.ts';
import { candleTable, memoryWorld, sqliteWorld } from '../support/contracts/candle-tables.ts';
import { type TableWorld, TestTable } from '../support/contracts/table-harness.ts';
import { runOperators } from '../support/engine/operators.ts';
import { ask, every, minute, minutes } from './asked-bars.ts';
import { operator } from './declared.ts';

const zone = 'America/New_York';
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
