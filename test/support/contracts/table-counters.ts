import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Count, countMessage, rowMessage, symbolTable, type TableWorld, TestTable } from './table-harness.ts';

const bySymbol = [{ field: 'symbol', descending: false }];
const open = (world: TableWorld) => TestTable.open(world, symbolTable, 'merges');

async function counters(table: TestTable): Promise<Record<string, unknown>> {
  const rows = await table.find({ sort: bySymbol });
  return Object.fromEntries(rows.map(({ symbol, tradeCount, lastTradeAt }) => [symbol, [tradeCount, lastTradeAt]]));
}

/** Counters of a table are exact, whatever is replayed. */
export function counterCases(world: () => TableWorld, create: () => Promise<TableWorld>, numRuns: number): void {
  it('creates a row when it is missing, adds to counters, and keeps the latest', async () => {
    const table = await open(world());
    expect(table.sink.ordered).toBe(true);
    await table.write([
      countMessage({ symbol: 'A', offset: 0, time: 5 }),
      countMessage({ symbol: 'B', offset: 1, time: 9, count: 4 }),
      countMessage({ symbol: 'A', offset: 2, time: 3 }),
    ]);
    expect(await counters(table)).toEqual({ A: [2, 5], B: [4, 9] });
    await table.close();
  });

  it('counts a message once by (offset, index) of its lane, and names what it had counted as known', async () => {
    const table = await open(world());
    await table.write([
      countMessage({ symbol: 'A', offset: 5, index: 0 }),
      countMessage({ symbol: 'A', offset: 5, index: 2 }),
    ]);
    const again = [
      countMessage({ symbol: 'A', offset: 4, index: 9 }),
      countMessage({ symbol: 'A', offset: 5, index: 2 }),
      countMessage({ symbol: 'A', offset: 5, index: 3 }),
      countMessage({ symbol: 'A', offset: 1, lane: 'id/topic/1' }),
      countMessage({ symbol: 'A', offset: 6, index: 0 }),
    ];
    const { known } = await table.write(again);
    expect([...(known ?? [])]).toEqual([
      [0, { lane: 'id/topic/0', offset: 4, index: 9 }],
      [1, { lane: 'id/topic/0', offset: 5, index: 2 }],
    ]);
    expect((await counters(table))['A']).toEqual([5, 0]);
    await table.close();
  });

  it('returns the highest mark of a lane over all rows, with its record', async () => {
    const table = await open(world());
    await table.write([
      countMessage({ symbol: 'A', offset: 9, index: 1 }),
      countMessage({ symbol: 'B', offset: 9, index: 4 }),
      countMessage({ symbol: 'C', offset: 3, index: 8 }),
      countMessage({ symbol: 'C', offset: 70, lane: 'other/topic/0' }),
    ]);
    expect(await table.sink.counters?.mark('id/topic/0')).toEqual({ offset: 9, index: 4, timestamp: 5009, key: 'B' });
    expect(await table.sink.counters?.mark('id/topic/7')).toBeUndefined();
    await table.close();
  });

  it('forgets the marks of one lane and keeps the counts', async () => {
    const table = await open(world());
    const both = [
      countMessage({ symbol: 'A', offset: 9 }),
      countMessage({ symbol: 'A', offset: 9, lane: 'other/topic/0' }),
      countMessage({ symbol: 'B', offset: 5 }),
    ];
    await table.write(both);
    await table.sink.counters?.forget('id/topic/0', undefined);
    expect(await table.sink.counters?.mark('id/topic/0')).toBeUndefined();
    expect(await table.sink.counters?.mark('other/topic/0')).toMatchObject({ offset: 9 });
    await table.write(both);
    expect(await counters(table)).toMatchObject({ A: [3, 0], B: [2, 0] });
    await table.close();
  });

  it('forgets what is after a record, and counts only that again', async () => {
    const table = await open(world());
    const count = (symbol: string, offset: number, index = 0) => countMessage({ symbol, offset, index });
    const counts = [count('A', 2), count('B', 3), count('A', 4, 1), count('A', 4, 2), count('B', 9), count('A', 9, 1)];
    await table.write(counts);
    const to = { offset: 4, index: 1, timestamp: 5004, key: 'A' };
    await table.sink.counters?.forget('id/topic/0', to);
    expect(await table.sink.counters?.mark('id/topic/0')).toEqual(to);
    await table.sink.counters?.forget('id/topic/0', { ...to, offset: 7 });
    expect(await table.sink.counters?.mark('id/topic/0')).toEqual(to);
    await table.write(counts);
    expect(await counters(table)).toMatchObject({ A: [4 + 2, 0], B: [2 + 1, 0] });
    await table.close();
  });

  it('detects by a proof of each write whether it still has it, unless it was made to forget', async () => {
    const table = await open(world());
    const lane = 'id/topic/0';
    const { proof } = await table.write([
      countMessage({ symbol: 'A', offset: 4 }),
      countMessage({ symbol: 'B', offset: 5 }),
      countMessage({ symbol: 'A', offset: 6, index: 2 }),
      rowMessage({ symbol: 'C' }, { lane, offset: 7 }),
    ]);
    expect(proof).toEqual({ key: 'B', offset: 5, index: 0 });
    await table.write([countMessage({ symbol: 'C', offset: 90, lane: 'other/topic/0' })]);
    const behind = (key: string, offset: number, index = 0) => table.sink.rows?.behind(lane, [{ key, offset, index }]);
    expect(await behind('B', 5)).toBeUndefined();
    expect(await behind('A', 6, 2)).toBeUndefined();
    expect(await behind('A', 6, 3)).toBe(7);
    expect(await behind('B', 6)).toBe(7);
    expect(await behind('C', 1)).toBe(7);
    expect(await behind('D', 1)).toBe(7);
    expect(await table.sink.rows?.behind('none/topic/0', [{ key: 'A', offset: 0, index: 0 }])).toBe(0);
    await table.sink.counters?.forget(lane, undefined);
    expect(await behind('A', 6, 3)).toBeUndefined();
    expect(await behind('D', 1)).toBe(0);
    await table.close();
  });

  it('refuses only what is not a change of its rows', async () => {
    const table = await open(world());
    const merge = { by: { symbol: 'A' }, count: {}, latest: {} };
    const wrong = [
      { symbol: 'A' },
      { merge: { ...merge, by: { name: 'A' } } },
      { merge: { ...merge, by: { symbol: 5 } } },
      { merge: { ...merge, count: { tradeCount: 0.5 } } },
      { merge: { ...merge, count: { tradeCount: Number.NaN } } },
      { merge: { ...merge, latest: { lastTradeAt: 'now' } } },
      { merge: { ...merge, count: { symbol: 1 } } },
      { merge: { ...merge, count: { unknown: 1 } } },
    ];
    const messages = [
      countMessage({ symbol: 'A', offset: 1 }),
      ...wrong.map((value) => rowMessage(value, { offset: 2 })),
    ];
    const { failed } = await table.write([...messages, countMessage({ symbol: 'A', offset: 3 })]);
    expect([...(failed?.keys() ?? [])].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    for (const error of failed?.values() ?? []) expect(error).toMatchObject({ code: 'FDP_MESSAGE_REFUSED' });
    expect((await counters(table))['A']).toEqual([2, 0]);
    await table.close();
  });

  it('creates no row for a change that it refused', async () => {
    const table = await open(world());
    const value = { merge: { by: { symbol: 'A' }, count: { tradeCount: 'x' }, latest: {} } };
    await table.write([rowMessage(value)]);
    expect(await table.find()).toEqual([]);
    await table.close();
  });

  it('loses no count when two write at once', async () => {
    const [one, two] = [await open(world()), await open(world())];
    const counts = (lane: string) => [0, 1, 2].map((offset) => countMessage({ symbol: 'A', offset, lane }));
    await Promise.all([one.write(counts('x')), two.write(counts('y')), one.write(counts('z'))]);
    expect((await counters(one))['A']).toEqual([9, 0]);
    await Promise.all([one.close(), two.close()]);
  });

  it('comes to the same counters however a lane is cut, replayed, and retried in part', async () => {
    await fc.assert(
      fc.asyncProperty(lanes, splits, (source, steps) => replayed(create, source, steps)),
      { numRuns },
    );
  });
}

const lanes = fc.array(
  fc.record({
    lane: fc.constantFrom('a/t/0', 'a/t/1'),
    symbol: fc.constantFrom('A', 'B', 'C'),
    time: fc.nat(99),
    twin: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
);
/** How far the next write goes back, its length, and the symbols that a first attempt wrote. */
const splits = fc.array(
  fc.record({
    back: fc.nat(6),
    length: fc.integer({ min: 1, max: 8 }),
    first: fc.subarray(['A', 'B', 'C']),
    restart: fc.boolean(),
  }),
  { maxLength: 25 },
);

async function replayed(
  create: () => Promise<TableWorld>,
  source: readonly { lane: string; symbol: string; time: number; twin: boolean }[],
  steps: readonly { back: number; length: number; first: readonly string[]; restart: boolean }[],
): Promise<void> {
  const world = await create();
  let table = await open(world);
  const all = inLog(source);
  const byLane = ['a/t/0', 'a/t/1'].map((lane) => all.filter((count) => count.lane === lane));
  const expected: Record<string, [number, number]> = {};
  for (const { symbol, time = 0 } of all) {
    const [count, latest] = expected[symbol] ?? [0, 0];
    expected[symbol] = [count + 1, Math.max(latest, time)];
  }
  for (const counts of byLane) {
    let position = 0;
    for (const step of [...steps, { back: 0, length: counts.length, first: [], restart: false }]) {
      position = Math.max(0, position - step.back);
      const batch = counts.slice(position, position + step.length);
      await table.write(batch.filter(({ symbol }) => step.first.includes(symbol)).map(countMessage));
      await table.write(batch.map(countMessage));
      position += batch.length;
      if (step.restart) {
        await table.close();
        table = await open(world);
      }
    }
    await table.write(counts.slice(position).map(countMessage));
  }
  expect(await counters(table)).toEqual(expected);
  await table.close();
  await world.dispose();
}

/** Gives each message a position in its lane's log; a twin shares the record of the message before it. */
function inLog(source: readonly { lane: string; symbol: string; time: number; twin: boolean }[]): Count[] {
  const ends = new Map<string, { offset: number; index: number }>();
  return source.map(({ lane, symbol, time, twin }) => {
    const end = ends.get(lane) ?? { offset: -1, index: 0 };
    const next =
      twin && end.offset >= 0 ? { offset: end.offset, index: end.index + 1 } : { offset: end.offset + 1, index: 0 };
    ends.set(lane, next);
    return { lane, symbol, time, ...next };
  });
}
