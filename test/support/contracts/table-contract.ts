import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sized } from '../cli/faults.ts';
import { counterCases } from './table-counters.ts';
import { expiryCases, retentionCases } from './table-expiry.ts';
import { foldCases } from './table-folds.ts';
import { rowMessage, type TableWorld, TestTable } from './table-harness.ts';
import { pageCases, queryCases } from './table-queries.ts';
import { rowCases } from './table-rows.ts';
import { codes, trade } from './table-trades.ts';

/** The contract of all tables, for any kind of storage. Expiry by a `server` uses the server's own clock. */
export function tableContract(
  type: string,
  create: () => Promise<TableWorld>,
  { expiry = 'write' }: { readonly expiry?: 'write' | 'server' } = {},
): void {
  // A server takes ten times as long for one.
  const runs =
    expiry === 'server'
      ? { counters: sized({ full: 40, fast: 12 }), folds: sized({ full: 20, fast: 8 }) }
      : { counters: 40, folds: sized({ full: 100, fast: 40 }) };
  describe(type, () => {
    let world: TableWorld;
    beforeEach(async () => {
      world = await create();
    });
    afterEach(() => world.dispose());

    describe('rows', () => {
      rowCases(() => world);
      if (expiry === 'write') expiryCases(() => world);
      if (expiry === 'write') retentionCases(() => world);
      typeCases(() => world);
    });
    describe('queries', () => {
      queryCases(() => world);
      pageCases(() => world);
    });
    describe('counters', () => counterCases(() => world, create, runs.counters));
    describe('folds', () => foldCases(() => world, create, runs.folds));
  });
}

function typeCases(world: () => TableWorld): void {
  it('returns values as declared: decimals as text, dates as ms, missing ones as null; other fields are left out', async () => {
    const table = await TestTable.open(world());
    const value = {
      message_key: "it's",
      symbol: '\u{1F600}',
      price: 1e-7,
      time: 1763645598585,
      size: 2 ** 53 - 1,
      late: false,
      other: 1,
    };
    await table.write([rowMessage(value), rowMessage({ message_key: 'b', price: '-12.50', ratio: 0.1, late: true })]);
    expect(await table.findNumbered({ sort: [{ field: '_id', descending: false }] })).toEqual([
      {
        _id: '1',
        message_key: "it's",
        symbol: '\u{1F600}',
        price: '0.0000001',
        time: 1763645598585,
        size: 2 ** 53 - 1,
        ratio: null,
        late: false,
      },
      { _id: '2', message_key: 'b', symbol: null, price: '-12.5', time: null, size: null, ratio: 0.1, late: true },
    ]);
    await table.close();
  });

  it('keeps a list of texts, makes one of other values, and returns it', async () => {
    const fields = { message_key: 'string', conditions: 'strings' };
    const table = await TestTable.open(world(), { fields, unique: 'message_key' });
    const given = [['1', '8'], [], null, undefined, [1, 8.5], 'odd lot', [null, { a: 1 }, '\ud800'], 7];
    await table.write(given.map((conditions, index) => rowMessage({ message_key: `${index}`, conditions })));
    const rows = await table.find({ sort: [{ field: 'message_key', descending: false }] });
    expect(rows.map(({ conditions }) => conditions)).toEqual([
      ...[['1', '8'], [], null, null, ['1', '8.5'], ['odd lot']],
      ...[['null', '{"a":1}', '\\u{d800}'], ['7']],
    ]);
    await table.close();
  });

  it.each([
    { message_key: 5 },
    { message_key: null },
    { message_key: undefined },
    { message_key: 'a\0b' },
    { message_key: '\ud800' },
    { symbol: 1 },
    { symbol: {} },
    { price: 'abc' },
    { price: '' },
    { price: Number.NaN },
    { price: Number.POSITIVE_INFINITY },
    { price: '1e999' },
    { price: true },
    { time: 1.5 },
    { time: '2025-11-20' },
    { time: 1e16 },
    { size: 2 ** 53 },
    { size: '1' },
    { size: 0.5 },
    { ratio: Number.NaN },
    { ratio: '1' },
    { late: 0 },
    { late: 'true' },
  ])('refuses only %o, permanently', async (wrong) => {
    const table = await TestTable.open(world());
    const { failed } = await table.write([
      rowMessage(trade('a')),
      rowMessage(trade('x', wrong)),
      rowMessage(trade('b')),
    ]);
    expect(codes(failed)).toEqual([[1, 'FDP_MESSAGE_REFUSED']]);
    expect(failed?.get(1)?.message).toContain(Object.keys(wrong)[0]);
    expect((await table.find()).map(({ message_key }) => message_key)).toEqual(['a', 'b']);
    await table.close();
  });

  it('refuses what is not an object', async () => {
    const table = await TestTable.open(world());
    const { failed } = await table.write([null, [], 'text', 5, undefined].map((value) => rowMessage(value)));
    expect(codes(failed)).toHaveLength(5);
    await table.close();
  });
}
