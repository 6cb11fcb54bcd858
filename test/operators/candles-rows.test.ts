import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/kit/message.ts';
import type { Row } from '../../src/kit/row.ts';
import { changesOf, every, lanes, rowsOf, stored, type Trade, trade } from '../support/contracts/candle-model.ts';
import { candleTable, memoryWorld, sqliteWorld } from '../support/contracts/candle-tables.ts';
import { type TableWorld, TestTable } from '../support/contracts/table-harness.ts';

const writes = fc.array(
  fc.record({
    ...{ consumer: fc.nat(1), lane: fc.nat(1), back: fc.nat(9), length: fc.integer({ min: 1, max: 60 }) },
    half: fc.boolean(),
    crash: fc.boolean(),
  }),
  { maxLength: 16 },
);
type Write = typeof writes extends fc.Arbitrary<readonly (infer W)[]> ? W : never;

/**
 * Two consumers write the changes of two lanes, each of them all, in pieces, some of them in part or again. A crash takes
 * what a consumer has in memory, and its position: it begins again some way back.
 */
async function fold(world: TableWorld, logs: readonly (readonly Message[])[], plan: readonly Write[]): Promise<void> {
  const open = () => TestTable.open(world, candleTable, 'merges');
  const tables = [await open(), await open()];
  const positions = [
    [0, 0],
    [0, 0],
  ];
  for (const { consumer, lane, back, length, half, crash } of plan) {
    const [own, table] = [positions[consumer] as number[], tables[consumer] as TestTable];
    const position = own[lane] ?? 0;
    const from = Math.max(0, position - back);
    const batch = (logs[lane] ?? []).slice(from, from + length);
    if (half) await table.write(batch.filter((_, index) => index % 2 === 0 && from + index < position));
    await table.write(batch);
    own[lane] = crash ? from : Math.max(position, from + batch.length);
    if (!crash) continue;
    await table.close();
    tables[consumer] = await open();
  }
  for (const [consumer, own] of positions.entries())
    for (const [lane, log] of logs.entries()) await tables[consumer]?.write(log.slice(own[lane]));
  for (const table of tables) await table.close();
}

describe.each([
  ['memory', memoryWorld, 30],
  ['SQLite', sqliteWorld, 15],
])('rows of candles in %s', (_name, world, numRuns) => {
  const split = fc.array(fc.tuple(trade, fc.nat(1)), { minLength: 1, maxLength: 200, size: 'medium' });
  const logsOf = (trades: readonly (readonly [Trade, number])[]) =>
    lanes.map((_, lane) => trades.filter(([, of]) => of === lane).map(([each]) => each));

  it('are what brute force makes of the trades, however the log is cut, read again and by two, and whoever crashes', async () => {
    await fc.assert(
      fc.asyncProperty(split, writes, async (trades, plan) => {
        const own = world();
        const logs = logsOf(trades);
        await fold(own, await Promise.all(logs.map((log, lane) => changesOf(log, lanes[lane] ?? ''))), plan);
        const written = await TestTable.open(own, candleTable, 'merges');
        const rows = await stored(written);
        expect(rows).toEqual(rowsOf(logs));
        for (const field of ['volume', 'turnover', 'counted_volume', 'trades']) expectSameSums(rows, field);
        for (const row of rows) expectVwapWithin(row);
        await written.close();
        await own.dispose();
      }),
      // To make 200 trades fewer takes longer than a test may.
      { numRuns, endOnFailure: true },
    );
  });

  it('do not depend on the order in which trades arrive', async () => {
    await fc.assert(
      fc.asyncProperty(split, fc.infiniteStream(fc.nat(1000)), async (trades, order) => {
        // Of equal times the log decides: here each trade has its own.
        const unique = trades.map(([each], index) => ({ ...each, time: each.time - (each.time % 1000) + index }));
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
