import { expect, it } from 'vitest';
import type { Proof } from '../../../src/kit/origin.ts';
import { rowMessage, symbolTable, type TableWorld, TestTable, tradeTable } from './table-harness.ts';
import { codes, trade, trades } from './table-trades.ts';

/** What is stored, once, and what a write proves. */
export function rowCases(world: () => TableWorld): void {
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
