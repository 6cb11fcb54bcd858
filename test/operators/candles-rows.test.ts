import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candles } from '../../operators/candles.ts';
import type { Message } from '../../src/kit/message.ts';
import type { Row } from '../../src/kit/row.ts';
import { plain } from '../support/contracts/bar-model.ts';
import { candleTable, memoryWorld, sqliteWorld } from '../support/contracts/candle-tables.ts';
import { type TableWorld, TestTable } from '../support/contracts/table-harness.ts';
import { runOperators } from '../support/engine/operators.ts';
import { operator } from './declared.ts';

interface Trade {
  readonly symbol: string;
  /** In ten-thousandths. */
  readonly price: number;
  /** In thousandths. */
  readonly volume: number;
  readonly time: number;
  readonly received: number;
  readonly counts: readonly boolean[];
}

const day = Date.parse('2025-07-03T00:00:00Z');
const minute = 60_000;
/** Around the open, around the early close, in the night, and on the day after, which is a holiday. */
const time = fc
  .tuple(
    fc.constantFrom(13 * 60 + 29, 13 * 60 + 30, 13 * 60 + 31, 16 * 60 + 59, 17 * 60, 3 * 60 + 59, 4 * 60, 38 * 60),
    fc.constantFrom(0, 1, 30_000, 59_999),
  )
  .map(([minutes, ms]) => day + minutes * minute + ms);
const trade = fc.record({
  symbol: fc.constantFrom('A', 'B|1m'),
  price: fc.integer({ min: -(10 ** 7), max: 10 ** 7 }),
  volume: fc.oneof(fc.constant(0), fc.nat(10 ** 7)),
  time,
  received: fc.nat(10 * minute).map((ms) => day + 17 * 60 * minute + ms),
  counts: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
});
const lanes = ['a/t/0', 'a/t/1'];
const every = ['1m', '5m', '1h', '1d'];
const lengths = [minute, 5 * minute, 60 * minute, 24 * 60 * minute];
const steps = [operator(candles, `{ every: [${every}], store: [${every}], calendar: XNYS, session: regular }`)];

/** The changes that the trades of a lane make, in order of the log. */
async function changesOf(trades: readonly Trade[], lane: string): Promise<readonly Message[]> {
  const values = trades.map(({ price, volume, counts, ...rest }) => ({
    ...rest,
    ...{ price: price / 1e4, volume: volume / 1e3 },
    ...{ counts_price: counts[0], counts_range: counts[1], counts_volume: counts[2] },
  }));
  const { out, context } = await runOperators(steps, values, {
    lane: { id: lane, signal: new AbortController().signal },
  });
  expect(context.rejections).toEqual([]);
  return out;
}

/** The rows that the trades of the lanes make: by brute force, over big integers, from the definition. */
function rowsOf(logs: readonly (readonly Trade[])[]): readonly Row[] {
  const all = logs.flatMap((log, lane) => log.map((each, offset) => ({ ...each, lane, offset })));
  const open = day + (13 * 60 + 30) * minute;
  const close = day + 17 * 60 * minute;
  // 2025-07-03 begins at 4:00 in UTC, has no trades that count before its open, and the 4th is a holiday.
  const counted = all.filter((each) => each.time >= open && each.time < close && each.counts.includes(true));
  const rows = every.flatMap((interval, index) => {
    const ms = lengths[index] ?? 0;
    const startOf = ({ time: at }: Trade) => day + 4 * 60 * minute + Math.floor((at - day - 4 * 60 * minute) / ms) * ms;
    const keys = [...new Set(counted.map((each) => `${each.symbol}\n${startOf(each)}`))];
    return keys.map((key) => {
      const [symbol = '', start] = key.split('\n');
      const own = counted.filter((each) => each.symbol === symbol && startOf(each) === Number(start));
      const ordered = [...own].sort((a, b) => a.time - b.time || a.lane - b.lane || a.offset - b.offset);
      const [priced, ranged, weighed] = [0, 1, 2].map((which) => ordered.filter(({ counts }) => counts[which]));
      const both = (ranged ?? []).filter(({ counts }) => counts[2]);
      const sum = (trades: readonly Trade[], of: (each: Trade) => number | bigint) =>
        trades.reduce((total, each) => total + BigInt(of(each)), 0n);
      const prices = (ranged ?? []).map(({ price }) => price);
      const price = (value: number | undefined) => (value === undefined ? null : plain(BigInt(value), 4));
      return {
        key: `${symbol.replaceAll('|', '\\|')}|${interval}|${start}`,
        ...{ symbol, interval, start: Number(start) },
        ...{ open: price(priced?.[0]?.price), close: price(priced?.at(-1)?.price) },
        high: price(prices.length > 0 ? Math.max(...prices) : undefined),
        low: price(prices.length > 0 ? Math.min(...prices) : undefined),
        volume: plain(
          sum(weighed ?? [], (each) => each.volume),
          3,
        ),
        turnover: plain(
          sum(both, (each) => BigInt(each.price) * BigInt(each.volume)),
          7,
        ),
        counted_volume: plain(
          sum(both, (each) => each.volume),
          3,
        ),
        trades: weighed?.length,
        late_trades: own.filter(({ received }) => received > Number(start) + ms + 2000).length,
        ...{ first_at: ordered[0]?.time, last_at: ordered.at(-1)?.time },
      };
    });
  });
  return rows.sort((a, b) => (a.key < b.key ? -1 : 1));
}

const stored = async (written: TestTable): Promise<readonly Row[]> => {
  const rows = await written.find({ sort: [{ field: 'key', descending: false }] });
  const empty = { open: null, high: null, low: null, close: null };
  return rows.map(({ _id, ...row }) => ({ ...empty, ...row }));
};

const writes = fc.array(
  fc.record({ lane: fc.nat(1), back: fc.nat(9), length: fc.integer({ min: 1, max: 20 }), half: fc.boolean() }),
  { maxLength: 12 },
);
type Write = typeof writes extends fc.Arbitrary<readonly (infer W)[]> ? W : never;

/** Writes the changes of two lanes in pieces, some of them in part or again, and then the rest. */
async function fold(written: TestTable, logs: readonly (readonly Message[])[], plan: readonly Write[]): Promise<void> {
  const positions = [0, 0];
  for (const { lane, back, length, half } of plan) {
    const from = Math.max(0, (positions[lane] ?? 0) - back);
    const batch = (logs[lane] ?? []).slice(from, from + length);
    if (half) await written.write(batch.filter((_, index) => index % 2 === 0 && from + index < (positions[lane] ?? 0)));
    await written.write(batch);
    positions[lane] = Math.max(positions[lane] ?? 0, from + batch.length);
  }
  for (const [lane, log] of logs.entries()) await written.write(log.slice(positions[lane]));
}

describe.each([
  ['memory', memoryWorld, 60],
  ['SQLite', sqliteWorld, 25],
])('rows of candles in %s', (_name, world, numRuns) => {
  const split = fc.array(fc.tuple(trade, fc.nat(1)), { minLength: 1, maxLength: 40 });
  const logsOf = (trades: readonly (readonly [Trade, number])[]) =>
    lanes.map((_, lane) => trades.filter(([, of]) => of === lane).map(([each]) => each));

  it('are what brute force makes of the trades, however the log is cut and read again', async () => {
    await fc.assert(
      fc.asyncProperty(split, writes, async (trades, plan) => {
        const own = world();
        const written = await TestTable.open(own, candleTable, 'merges');
        const logs = logsOf(trades);
        await fold(written, await Promise.all(logs.map((log, lane) => changesOf(log, lanes[lane] ?? ''))), plan);
        const rows = await stored(written);
        expect(rows).toEqual(rowsOf(logs));
        for (const field of ['volume', 'turnover', 'counted_volume', 'trades']) expectSameSums(rows, field);
        for (const row of rows) expectVwapWithin(row);
        await written.close();
        await own.dispose();
      }),
      { numRuns },
    );
  });

  it('do not depend on the order in which trades arrive', async () => {
    await fc.assert(
      fc.asyncProperty(split, fc.infiniteStream(fc.nat(1000)), async (trades, order) => {
        // Of equal times the log decides: here each trade has its own.
        const unique = trades.map(([each], index) => ({ ...each, time: each.time - (each.time % 100) + index }));
        const shuffled = unique.map((each) => ({ each, at: order.next().value })).sort((a, b) => a.at - b.at);
        const own = [world(), world()];
        const rows: (readonly Row[])[] = [];
        for (const [index, log] of [unique, shuffled.map(({ each }) => each)].entries()) {
          const written = await TestTable.open(own[index] as TableWorld, candleTable, 'merges');
          await written.write(await changesOf(log, 'a/t/0'));
          rows.push(await stored(written));
          await written.close();
        }
        expect(rows[0]).toEqual(rows[1]);
        for (const each of own) await each.dispose();
      }),
      { numRuns },
    );
  });
});

/** The sum of all bars is the same for each length. */
function expectSameSums(rows: readonly Row[], field: string): void {
  const sums = every.map((interval) =>
    rows.filter((row) => row['interval'] === interval).reduce((sum, row) => sum + units(row[field]), 0n),
  );
  expect(new Set(sums).size).toBe(1);
}

/** low <= turnover / counted_volume <= high */
function expectVwapWithin({ turnover, counted_volume: volume, low, high }: Row): void {
  if (units(volume) === 0n) return;
  expect(units(turnover) * 10n ** 9n >= units(low) * units(volume)).toBe(true);
  expect(units(turnover) * 10n ** 9n <= units(high) * units(volume)).toBe(true);
}

/** In units of 1e-9. */
function units(value: unknown): bigint {
  const [, sign, whole = '', fraction = ''] = /^(-?)(\d+)\.?(\d*)$/.exec(String(value)) ?? [];
  return BigInt(whole + fraction.padEnd(9, '0')) * (sign === '-' ? -1n : 1n);
}
