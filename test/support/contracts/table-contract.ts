import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Proof } from '../../../src/kit/origin.ts';
import type { Row } from '../../../src/kit/row.ts';
import { counterCases } from './table-counters.ts';
import { foldCases } from './table-folds.ts';
import { rowMessage, symbolTable, type TableWorld, TestTable, tradeTable } from './table-harness.ts';

const newest = [
  { field: 'time', descending: true },
  { field: '_id', descending: true },
];
const trade = (key: string, more: object = {}) => ({ message_key: key, symbol: 'A', price: 1.5, time: 1000, ...more });
const trades = (from: number, to: number, more: object = {}) =>
  Array.from({ length: to - from }, (_, index) =>
    rowMessage(trade(`k${from + index}`, more), { offset: from + index }),
  );
const codes = (failed: ReadonlyMap<number, Error> | undefined) =>
  [...(failed ?? [])].map(([index, error]) => [index, (error as { code?: string }).code]);

/** The contract of all tables, for any kind of storage. Expiry by a `server` uses the server's own clock. */
export function tableContract(
  type: string,
  create: () => Promise<TableWorld>,
  { expiry = 'write' }: { readonly expiry?: 'write' | 'server' } = {},
): void {
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
    describe('counters', () => counterCases(() => world, create));
    describe('folds', () => foldCases(() => world, create, expiry === 'server' ? 20 : 100));
  });
}

function rowCases(world: () => TableWorld): void {
  it('stores a row once by its unique field, and names the origin of the stored one', async () => {
    const table = await TestTable.open(world());
    const first = await table.write([
      rowMessage(trade('a'), { lane: 'L', offset: 7, index: 2 }),
      rowMessage(trade('b')),
    ]);
    expect(first.known?.size).toBe(0);
    const second = await table.write([
      rowMessage(trade('a', { price: 9 }), { lane: 'M', offset: 1 }),
      rowMessage(trade('c'), { lane: 'L', offset: 8 }),
      rowMessage(trade('b')),
    ]);
    expect([...(second.known ?? [])]).toEqual([
      [0, { lane: 'L', offset: 7, index: 2 }],
      [2, { lane: 'lane', offset: -1, index: 0 }],
    ]);
    expect((await table.find({ where: { message_key: 'a' } })).map(({ price }) => price)).toEqual(['1.5']);
    expect(await table.find()).toHaveLength(3);
    await table.close();
  });

  it('recognizes the second of two equal rows in one write', async () => {
    const table = await TestTable.open(world());
    const { known } = await table.write([1, 2, 3].map((offset) => rowMessage(trade('a'), { offset, index: offset })));
    expect([...(known ?? [])]).toEqual([
      [1, { lane: 'lane', offset: 1, index: 1 }],
      [2, { lane: 'lane', offset: 1, index: 1 }],
    ]);
    await table.close();
  });

  it('stores every row if nothing identifies it', async () => {
    const table = await TestTable.open(world(), { fields: { symbol: 'string' } });
    await table.write([rowMessage({ symbol: 'A' }), rowMessage({ symbol: 'A' })]);
    expect(await table.findNumbered()).toEqual([
      { _id: '1', symbol: 'A' },
      { _id: '2', symbol: 'A' },
    ]);
    await table.close();
  });

  it('keeps any object if no fields are declared', async () => {
    const table = await TestTable.open(world(), { unique: 'id"x' });
    await table.write([
      rowMessage({ 'id"x': 'b', deep: { list: [1, null] }, n: 2 }),
      rowMessage({ 'id"x': 'a', n: 3 }),
    ]);
    const { known, failed } = await table.write([
      rowMessage({ 'id"x': 'a' }),
      rowMessage('text'),
      rowMessage({ n: 1 }),
    ]);
    expect([...(known?.keys() ?? [])]).toEqual([0]);
    expect(codes(failed)).toEqual([
      [1, 'FDP_MESSAGE_REFUSED'],
      [2, 'FDP_MESSAGE_REFUSED'],
    ]);
    expect(await table.findNumbered({ sort: [{ field: 'n', descending: true }] })).toEqual([
      { _id: '2', 'id"x': 'a', n: 3 },
      { _id: '1', 'id"x': 'b', deep: { list: [1, null] }, n: 2 },
    ]);
    expect(await table.find({ where: { 'id"x': 'b' } })).toHaveLength(1);
    await table.close();
  });

  it('keeps what was stored over a restart; can be closed twice and connected again', async () => {
    const table = await TestTable.open(world());
    await table.write(trades(0, 3));
    await Promise.all([table.close(), table.close()]);
    await table.connect();
    expect(await table.find()).toHaveLength(3);
    await table.close();
    const again = await TestTable.open(world());
    expect((await again.write(trades(0, 4))).known?.size).toBe(3);
    await again.close();
  });

  it('detects by a proof of each write whether it still has it; if not, where its data ends for the lane', async () => {
    const table = await TestTable.open(world());
    const write = async (offset: number, lane = 'L') => {
      const { proof } = await table.write([
        rowMessage(trade(`${lane}${offset}`), { lane, offset, index: 3 }),
        rowMessage(trade(`${lane}${offset}`), { lane, offset: 1, index: 9 }),
        rowMessage(trade('x', { price: 'none' }), { lane, offset: 99 }),
      ]);
      return proof as Proof;
    };
    const behind = (proofs: readonly Proof[], lane = 'L') => table.sink.rows?.behind(lane, proofs);
    const [first, second] = [await write(4), await write(7)];
    expect([first, second]).toEqual([
      { key: 'L4', offset: 4, index: 3 },
      { key: 'L7', offset: 7, index: 3 },
    ]);
    await write(1000, 'M');
    expect(await behind([first, second])).toBeUndefined();
    expect(await behind([first, second, { key: 'L8', offset: 8, index: 0 }])).toBe(8);
    expect(await behind([{ key: 'N1', offset: 1, index: 0 }], 'N')).toBe(0);
    await table.close();
  });

  it('proves a write by a row stored now, else by a known row of the same origin, else by nothing', async () => {
    const table = await TestTable.open(world());
    await table.write([
      rowMessage(trade('a'), { lane: 'L', offset: 1 }),
      rowMessage(trade('b'), { lane: 'M', offset: 1 }),
    ]);
    const proofOf = async (keys: readonly string[]) =>
      (await table.write(keys.map((key, index) => rowMessage(trade(key), { lane: 'L', offset: 1 + index })))).proof
        ?.key;
    expect(await proofOf(['a', 'c', 'b'])).toBe('c');
    expect(await proofOf(['a', 'b'])).toBe('a');
    expect(await proofOf(['b'])).toBeUndefined();
    await table.close();
  });

  it.each([{ unique: undefined }, { expire: '10s' }])('proves nothing if rows may expire: %o', async (more) => {
    const table = await TestTable.open(world(), { ...tradeTable, ...more });
    expect((await table.write([rowMessage(trade('a'))])).proof).toBeUndefined();
    await table.close();
  });

  it('replaces the known row by a newer one, and needs no earlier one', async () => {
    const table = await TestTable.open(world(), symbolTable);
    await table.put({ symbol: 'A', tradeCount: 1, volume: 2 });
    await table.put({ symbol: 'B', tradeCount: 1 });
    const before = await table.ids();
    await table.put({ symbol: 'A', tradeCount: 5 });
    const row = { symbol: 'A', tradeCount: 5, lastTradeAt: null, volume: null };
    expect(await table.find({ where: { symbol: 'A' } })).toEqual([{ _id: before[0], ...row }]);
    expect(await table.ids()).toEqual(before);
    await expect(table.put({ symbol: 'A', tradeCount: 'five' })).rejects.toMatchObject({ code: 'FDP_MESSAGE_REFUSED' });
    await table.close();
  });
}

function expiryCases(world: () => TableWorld): void {
  it('counts the age of a row from its last put', async () => {
    const table = await TestTable.open(world(), { ...symbolTable, expire: '10s' });
    await table.put({ symbol: 'A' });
    await table.put({ symbol: 'B' });
    await world().clock.advance(8_000);
    await table.put({ symbol: 'A' });
    await world().clock.advance(4_000);
    await table.put({ symbol: 'C' });
    const sort = [{ field: 'symbol', descending: false }];
    expect((await table.find({ sort })).map(({ symbol }) => symbol)).toEqual(['A', 'C']);
    await table.close();
  });

  it('removes rows that have expired', async () => {
    const table = await TestTable.open(world(), { ...symbolTable, expire: '10s' });
    await table.write([rowMessage({ symbol: 'A' })]);
    await world().clock.advance(9_000);
    await table.write([rowMessage({ symbol: 'B' })]);
    expect(await table.find()).toHaveLength(2);
    await world().clock.advance(4_000);
    await table.write([rowMessage({ symbol: 'C' })]);
    expect((await table.find()).map(({ symbol }) => symbol)).toEqual(['B', 'C']);
    expect((await table.write([rowMessage({ symbol: 'A' })])).known?.size).toBe(0);
    await table.close();
  });
}

/** Cases for tables that remove their oldest rows themselves. */
function retentionCases(world: () => TableWorld): void {
  const keysOf = async (table: TestTable) => (await table.find()).map(({ message_key }) => message_key).sort();
  const at = (key: string, offset: number, lane = 'L') => rowMessage(trade(key), { lane, offset });

  it('removes rows that were stored longer ago than `keep`, and stores none of them again', async () => {
    const table = await TestTable.open(world(), { ...tradeTable, keep: '10s' });
    await table.write([at('a', 5), at('b', 6), rowMessage(trade('c'))]);
    await world().clock.advance(9_000);
    await table.write([at('d', 7)]);
    expect(await table.find()).toHaveLength(4);
    await world().clock.advance(2_000);
    await table.write([at('e', 8)]);
    expect(await keysOf(table)).toEqual(['d', 'e']);
    expect(table.node.extra['removed']).toBe(3);
    const replayed = [at('z', 4), at('a', 5), at('b', 6), at('d', 7), at('e', 8), at('f', 9)];
    const { known } = await table.write(replayed);
    expect([...(known?.values() ?? [])].map(({ lane, offset }) => [lane, offset])).toEqual(
      [4, 5, 6, 7, 8].map((n) => ['L', n]),
    );
    expect(await keysOf(table)).toEqual(['d', 'e', 'f']);
    // No rows of another lane, or without a lane, were removed.
    await table.write([at('g', 1, 'M'), rowMessage(trade('c'))]);
    expect(await keysOf(table)).toEqual(['c', 'd', 'e', 'f', 'g']);
    await table.close();
    const again = await TestTable.open(world(), tradeTable);
    await again.write([at('a', 5), at('b', 6)]);
    expect(await keysOf(again)).toEqual(['c', 'd', 'e', 'f', 'g']);
    await again.close();
  });

  it('removes the oldest rows while more than `max_size` is held, in small steps, and replays change nothing', async () => {
    const table = await TestTable.open(world(), { ...tradeTable, max_size: '2MiB' });
    const symbol = 'x'.repeat(800);
    const batches = Array.from({ length: 10 }, (_, n) => trades(n * 400, (n + 1) * 400, { symbol }));
    for (const batch of batches) {
      await table.write(batch);
      await world().clock.advance(1000);
    }
    const kept = await table.find({ sort: [{ field: '_id', descending: false }] });
    expect(kept.length).toBeLessThan(3000);
    expect(kept.length).toBeGreaterThanOrEqual(400);
    expect(kept.map(({ message_key }) => message_key)).toEqual(
      kept.map((_row, index) => `k${4000 - kept.length + index}`),
    );
    expect(table.node.extra['removed']).toBe(4000 - kept.length);
    for (const batch of batches) expect((await table.write(batch)).known?.size).toBe(400);
    const after = await table.find({ sort: [{ field: '_id', descending: false }] });
    expect(after).toEqual(kept.slice(kept.length - after.length));
    await table.close();
  });

  it('does not take a row that expired for one that was lost', async () => {
    const table = await TestTable.open(world(), { ...tradeTable, keep: '10s' });
    await table.write([at('quiet', 3, 'Q')]);
    await world().clock.advance(11_000);
    await table.write([at('busy', 9)]);
    expect(await keysOf(table)).toEqual(['busy']);
    const proof = (key: string, offset: number): Proof => ({ key, offset, index: 0 });
    expect(await table.sink.rows?.behind('Q', [proof('quiet', 3)])).toBeUndefined();
    expect(await table.sink.rows?.behind('Q', [proof('quiet', 3), proof('lost', 4)])).toBe(4);
    expect(await table.sink.rows?.behind('L', [proof('lost', 12)])).toBe(10);
    await table.close();
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

function queryCases(world: () => TableWorld): void {
  it('finds rows by equal values; a value of another type finds none', async () => {
    const table = await TestTable.open(world());
    await table.write([...trades(0, 3), ...trades(3, 5, { symbol: 'B', time: 7, late: true, price: 2 })]);
    const count = async (where: object) => (await table.find({ where: { ...where } })).length;
    expect(await count({ symbol: 'A' })).toBe(3);
    expect(await count({ symbol: 'B', time: 7 })).toBe(2);
    expect(await count({ late: true })).toBe(2);
    expect(await count({ late: null })).toBe(3);
    expect(await count({ price: '2.00' })).toBe(2);
    expect(await count({ _id: (await table.ids())[3] })).toBe(1);
    expect(await count({ symbol: 5 })).toBe(0);
    expect(await count({ time: 'soon' })).toBe(0);
    expect(await count({ _id: 'x' })).toBe(0);
    expect(await count({ symbol: "' OR 1=1 --" })).toBe(0);
    await table.close();
  });

  it('sorts: missing values first, numbers and decimals by value, text by its bytes', async () => {
    const table = await TestTable.open(world());
    const values = [
      { symbol: '\uffff', price: '10', size: 2 },
      { symbol: '\u{1F600}', price: 9, size: null },
      { symbol: 'Z', price: -1, size: 10 },
      { symbol: 'a', price: null, size: 1 },
    ];
    await table.write(values.map((value, index) => rowMessage(trade(`k${index}`, value))));
    const sorted = async (field: string, descending: boolean) =>
      (await table.find({ sort: [{ field, descending }] })).map((row) => row[field]);
    expect(await sorted('symbol', false)).toEqual(['Z', 'a', '\uffff', '\u{1F600}']);
    expect(await sorted('price', false)).toEqual([null, '-1', '9', '10']);
    expect(await sorted('size', true)).toEqual([10, 2, 1, null]);
    await table.close();
  });

  it('refuses a field that the table does not have', async () => {
    const table = await TestTable.open(world());
    const sort = [{ field: 'tiem', descending: false }];
    await expect(table.find({ where: { sybmol: 'A' } })).rejects.toMatchObject({ code: 'FDP_INTERNAL' });
    await expect(table.find({ sort })).rejects.toMatchObject({ code: 'FDP_INTERNAL' });
    await table.close();
  });

  it('returns the requested fields, with their types', async () => {
    const table = await TestTable.open(world(), {
      fields: { at: 'date', tags: 'strings', price: 'decimal', name: 'string' },
    });
    await table.write([rowMessage({ at: 5, tags: ['a', 'b'], price: '1.50', name: 'x' })]);
    const [row] = await table.find({ where: { name: 'x' }, fields: ['tags', 'price'] });
    expect(row).toMatchObject({ tags: ['a', 'b'], price: '1.5', _id: expect.any(String) });
    await expect(table.find({ fields: ['nmae'] })).rejects.toMatchObject({ code: 'FDP_INTERNAL' });
    await table.close();
  });

  it('returns the same values with fields and without', async () => {
    const table = await TestTable.open(world(), {
      fields: { name: 'string', at: 'date', size: 'int64', price: 'decimal', late: 'boolean', ratio: 'double' },
    });
    const values = fc.record({
      name: fc.option(fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'))),
      ...{ at: fc.option(fc.integer()), size: fc.option(fc.maxSafeInteger()), late: fc.option(fc.boolean()) },
      ...{
        price: fc.constantFrom(null, '-0.00000012', '12345678901234567890.5'),
        ratio: fc.constantFrom(0.1 + 0.2, 1e-300),
      },
    });
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 20 }), async (rows) => {
        await table.write(rows.map((row) => rowMessage(row)));
        const whole = await table.find();
        for (const fields of [
          ['name', 'at', 'size', 'price', 'late'],
          ['ratio', 'name'],
        ]) {
          // A table may return more than it is asked for.
          const selected = (rows: readonly Row[]) =>
            rows.map((row) => Object.fromEntries(['_id', ...fields].map((name) => [name, row[name]])));
          expect(selected(await table.find({ fields }))).toEqual(selected(whole));
        }
      }),
      { numRuns: 10 },
    );
    await table.close();
  });

  it('returns every row that matches, up to the limit, however many', async () => {
    const table = await TestTable.open(world(), { fields: { size: 'int64' } });
    await table.write(Array.from({ length: 20_001 }, (_, size) => rowMessage({ size })));
    expect(await table.find({ limit: 30_000 })).toHaveLength(20_001);
    expect(await table.find({ limit: 15_001 })).toHaveLength(15_001);
    await table.close();
  });
}

function pageCases(world: () => TableWorld): void {
  it('walks a thousand rows of one millisecond, each once, while rows are stored', async () => {
    const table = await TestTable.open(world());
    await table.write(trades(0, 1000));
    await table.write(trades(1000, 1100, { symbol: 'B' }));
    const seen: unknown[] = [];
    let after: { value: number; id: string } | undefined;
    for (let more = 2000; ; more += 3) {
      const page = await table.find({ where: { symbol: 'A' }, sort: newest, limit: 7, ...(after ? { after } : {}) });
      if (page.length === 0) break;
      seen.push(...page.map(({ message_key }) => message_key));
      const edge = page.at(-1);
      after = { value: Number(edge?.['time']), id: String(edge?.['_id']) };
      await table.write(trades(more, more + 3));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, index) => `k${999 - index}`));
    await table.close();
  });

  it('skips equal values without an id, and walks up as well as down', async () => {
    const table = await TestTable.open(world());
    await table.write([3, 1, 2, 2, 3, 1].map((time, index) => rowMessage(trade(`k${index}`, { time }))));
    const ids = async (query: object) => (await table.findNumbered(query)).map(({ _id }) => Number(_id));
    const stored = await table.ids();
    const after = (value: number, id: number) => ({ value, id: stored[id - 1] });
    const by = (time: boolean, id: boolean) => [
      { field: 'time', descending: time },
      { field: '_id', descending: id },
    ];
    expect(await ids({ sort: by(true, true), after: { value: 3 } })).toEqual([4, 3, 6, 2]);
    expect(await ids({ sort: by(true, true), after: after(2, 4) })).toEqual([3, 6, 2]);
    expect(await ids({ sort: by(false, false), after: after(2, 3) })).toEqual([4, 1, 5]);
    expect(await ids({ sort: by(true, false), after: after(3, 1) })).toEqual([5, 3, 4, 2, 6]);
    expect(await ids({ sort: by(false, true), after: after(1, 6) })).toEqual([2, 4, 3, 5, 1]);
    expect(await ids({ sort: by(false, false), skip: 2, limit: 2 })).toEqual([3, 4]);
    expect(await ids({ sort: by(false, false), skip: 6, limit: 1 })).toEqual([]);
    await table.close();
  });

  it('keeps to ranges, from a lower bound on and below an upper one, in every order and on every page', async () => {
    const table = await TestTable.open(world());
    const times = [3, 1, 2, 2, 3, 1, 5, 4];
    await table.write(times.map((time, index) => rowMessage(trade(`k${index}`, { time }))));
    await table.write([rowMessage(trade('none', { time: null }))]);
    const placed = await table.findNumbered({ where: { symbol: 'A' } });
    expect(placed).toHaveLength(9);
    const rows = times.map((time, index) => ({ time, id: index + 1 }));
    const stored = await table.ids();
    const bounds = [undefined, 1, 2, 3, 6];
    for (const descending of [true, false])
      for (const from of bounds)
        for (const to of bounds) {
          const sign = descending ? -1 : 1;
          const within = rows
            .filter(({ time }) => time >= (from ?? -1) && time < (to ?? 9))
            .sort((a, b) => (a.time - b.time || a.id - b.id) * sign);
          const expected = from === undefined && to === undefined ? undefined : within.map(({ id }) => id);
          const range = { field: 'time', ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
          const sort = ['time', '_id'].map((field) => ({ field, descending }));
          const query = { where: { symbol: 'A' }, ranges: [range], sort };
          const found = async (more: object) =>
            (await table.findNumbered({ ...query, ...more })).map(({ _id }) => Number(_id));
          if (expected) expect([from, to, await found({})]).toEqual([from, to, expected]);
          for (const edge of within) {
            const after = { value: edge.time, id: stored[edge.id - 1] };
            expect([from, to, edge, await found({ after })]).toEqual([
              ...[from, to, edge],
              within.slice(within.indexOf(edge) + 1).map(({ id }) => id),
            ]);
          }
        }
    await table.close();
  });

  it('refuses an invalid id', async () => {
    const table = await TestTable.open(world());
    await table.write(trades(0, 1));
    const after = { value: 5000, id: '1 OR 1' };
    await expect(table.find({ sort: newest, after })).rejects.toMatchObject({ code: 'FDP_PARAMETER_INVALID' });
    await table.close();
  });
}
