import fc from 'fast-check';
import { expect, it } from 'vitest';
import { barMessage, barsOf, barTable, someTrades, type Trade } from './fold-model.ts';
import { rowMessage, type TableWorld, TestTable } from './table-harness.ts';

const open = (world: TableWorld) => TestTable.open(world, barTable, 'merges');
const lanes = ['a/t/0', 'a/t/1'];

async function bars(table: TestTable): Promise<readonly object[]> {
  const rows = await table.find({ sort: [{ field: 'symbol', descending: false }] });
  return rows.map(({ _id, ...row }) => row);
}

/** One write: its lane, how far it goes back, its length, the symbols that a first attempt wrote, and the writer. */
const writes = fc.array(
  fc.record({
    lane: fc.nat(1),
    back: fc.nat(6),
    length: fc.integer({ min: 1, max: 9 }),
    first: fc.subarray(['A', 'B', 'C']),
    who: fc.nat(1),
    restart: fc.boolean(),
  }),
  { maxLength: 25 },
);
type Write = typeof writes extends fc.Arbitrary<readonly (infer W)[]> ? W : never;

/** Rows with sums, highest and lowest, first and last values are exact, in any order and with any repeats. */
export function foldCases(world: () => TableWorld, create: () => Promise<TableWorld>, numRuns: number): void {
  it('folds trades into the rows that a computation over big integers makes, however they are split, replayed and retried', async () => {
    await fc.assert(
      fc.asyncProperty(someTrades, writes, async (trades, plan) => {
        expect(await folded(create, trades, plan)).toEqual(barsOf(trades));
      }),
      { numRuns },
    );
  });

  it('folds the same rows when two write at once', async () => {
    await fc.assert(
      fc.asyncProperty(someTrades, fc.integer({ min: 1, max: 9 }), async (trades, length) => {
        const own = await create();
        const tables = [await open(own), await open(own)];
        const work = async (table: TestTable, lane: string) => {
          const log = trades.filter((trade) => trade.lane === lane);
          for (let at = 0; at < log.length; at += length) await table.write(log.slice(at, at + length).map(barMessage));
        };
        await Promise.all(tables.flatMap((table) => lanes.map((lane) => work(table, lane))));
        expect(await bars(tables[0] as TestTable)).toEqual(barsOf(trades));
        for (const table of tables) await table.close();
        await own.dispose();
      }),
      { numRuns },
    );
  });

  it('adds up what two write at once', async () => {
    const tables = [await open(world()), await open(world())];
    const work = async (table: TestTable, lane: string) => {
      for (let offset = 0; offset < 20; offset++)
        await table.write([rowMessage({ merge: { by: { symbol: 'A' }, sum: { volume: '0.1' } } }, { lane, offset })]);
    };
    await Promise.all(tables.map((table, at) => work(table, `lane ${at}`)));
    expect(await bars(tables[0] as TestTable)).toMatchObject([{ volume: '4' }]);
    for (const table of tables) await table.close();
  });

  it.each([
    ['volume', { sum: { volume: '0.5' } }, { sum: { volume: '9'.repeat(34) } }, 'expected at most 34 digits, got 9+.5'],
    ['volume', { count: { volume: 1 } }, { sum: { volume: `${'9'.repeat(33)}.5` } }, 'expected at most 34 digits'],
    ['size', { sum: { size: 1 } }, { sum: { size: 2 ** 53 - 1 } }, 'within 2\\^53 \\(int64\\), got 9007199254740992'],
    ['trades', { count: { trades: 2 ** 53 - 1 } }, { count: { trades: 1 } }, 'within 2\\^53 \\(int64\\)'],
    ['turnover', { sum: { turnover: 1e308 } }, { sum: { turnover: 1e308 } }, 'that the field can hold \\(double\\)'],
    ['turnover', { sum: { turnover: 1e308 } }, { sum: { turnover: 1 } }, 'expected at most 34 digits'],
  ])('refuses only a change after which %s would not be exact: %o', async (field, before, beyond, reason) => {
    const table = await open(world());
    const change = (merge: object, offset: number) =>
      rowMessage({ merge: { by: { symbol: 'A' }, ...merge } }, { lane: 'l', offset });
    await table.write([change(before, 0)]);
    const [row] = await bars(table);
    const more = { count: { trades: field === 'trades' ? 0 : 1 } };
    const { failed } = await table.write([
      change({ ...more, ...beyond }, 1),
      change({ lowest: { firstAt: 5 } }, 2),
      change({ ...more, ...beyond }, 3),
    ]);
    expect([...(failed?.keys() ?? [])]).toEqual([0, 2]);
    for (const error of failed?.values() ?? [])
      expect(error).toMatchObject({
        code: 'FDP_MESSAGE_REFUSED',
        message: expect.stringMatching(new RegExp(`^\\w+: ${field}: .*${reason}`)),
      });
    expect(await bars(table)).toEqual([{ ...row, firstAt: 5 }]);
    await table.close();
  });

  it.each([
    { sum: { symbol: 1 } },
    { sum: { close: 1 } },
    { sum: { lastAt: 1 } },
    { sum: { size: 0.5 } },
    { sum: { volume: 'many' } },
    { sum: { volume: '1'.repeat(35) } },
    { sum: { volume: null } },
    { sum: { unknown: 1 } },
    { highest: { market: 'x' } },
    { lowest: { low: Number.NaN } },
    { first: { open: { value: '1', at: Number.NaN } } },
    { first: { open: { value: 'x', at: 1 } } },
    { first: { open: { value: null, at: 1 } } },
    { first: { open: 5 } },
    { last: { unknown: { value: 1, at: 1 } } },
    { set_on_insert: { market: 5 } },
    { set_on_insert: { symbol: 'B' } },
  ])('refuses only %o, and creates no row for it', async (wrong) => {
    const table = await open(world());
    const { failed } = await table.write([
      rowMessage({ merge: { by: { symbol: 'A' }, count: { trades: 1 }, ...wrong } }, { offset: 1 }),
      rowMessage({ merge: { by: { symbol: 'B' }, count: { trades: 1 } } }, { offset: 1 }),
    ]);
    expect([...(failed?.values() ?? [])]).toMatchObject([{ code: 'FDP_MESSAGE_REFUSED' }]);
    expect(await bars(table)).toMatchObject([{ symbol: 'B', trades: 1 }]);
    await table.close();
  });

  it('adds decimals of 34 digits exactly, and doubles by the decimals that they are written as', async () => {
    const table = await open(world());
    const add = (volume: string, turnover: number, offset: number) =>
      rowMessage({ merge: { by: { symbol: 'A' }, sum: { volume, turnover } } }, { lane: 'l', offset });
    await table.write([add(`${'1'.repeat(30)}.0001`, 0.1, 0), add(`${'2'.repeat(30)}.0001`, 0.2, 1)]);
    await table.write([add('-0.0002', 1e15, 2)]);
    await table.write([add('0', -1e15, 3), add('0', -0.3, 4), add('0', 0.7, 5)]);
    expect(await bars(table)).toMatchObject([{ volume: '3'.repeat(30), turnover: 0.7 }]);
    await table.close();
  });

  it('leaves a row as it is by a message that changes nothing, and has no offset', async () => {
    const table = await open(world());
    const high = (price: string) => rowMessage({ merge: { by: { symbol: 'A' }, highest: { high: price } } });
    await table.write([high('5')]);
    await table.write([high('4')]);
    expect(await bars(table)).toMatchObject([{ symbol: 'A', high: '5' }]);
    await table.close();
  });

  it('continues from a sum that another program has set', async () => {
    const rows = await TestTable.open(world(), barTable);
    const table = await open(world());
    const add = (offset: number) =>
      rowMessage(
        { merge: { by: { symbol: 'A' }, sum: { turnover: 0.1 }, count: { trades: 1 } } },
        { lane: 'l', offset },
      );
    await table.write([add(0)]);
    await rows.put({ symbol: 'A', turnover: 5, trades: 3 });
    await table.write([add(1), add(2)]);
    expect(await bars(table)).toMatchObject([{ turnover: 5.2, trades: 5 }]);
    await Promise.all([table.close(), rows.close()]);
  });
}

/** The rows after the writes, followed by the rest of each lane. */
async function folded(
  create: () => Promise<TableWorld>,
  trades: readonly Trade[],
  plan: readonly Write[],
): Promise<readonly object[]> {
  const world = await create();
  const tables = [await open(world), await open(world)];
  const logs = lanes.map((lane) => trades.filter((trade) => trade.lane === lane));
  const positions = [0, 0];
  for (const { lane, back, length, first, who, restart } of plan) {
    const table = tables[who] as TestTable;
    const from = Math.max(0, (positions[lane] ?? 0) - back);
    const batch = (logs[lane] ?? []).slice(from, from + length);
    await table.write(batch.filter(({ symbol }) => first.includes(symbol)).map(barMessage));
    await table.write(batch.map(barMessage));
    positions[lane] = from + batch.length;
    if (!restart) continue;
    await table.close();
    tables[who] = await open(world);
  }
  for (const [lane, log] of logs.entries())
    await (tables[lane] as TestTable).write(log.slice(positions[lane]).map(barMessage));
  const found = await bars(tables[0] as TestTable);
  for (const table of tables) await table.close();
  await world.dispose();
  return found;
}
