import { expect, it } from 'vitest';
import type { Proof } from '../../../src/kit/origin.ts';
import { rowMessage, symbolTable, type TableWorld, TestTable, tradeTable } from './table-harness.ts';
import { trade, trades } from './table-trades.ts';

/** Cases for tables whose rows expire when something is written. */
export function expiryCases(world: () => TableWorld): void {
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
export function retentionCases(world: () => TableWorld): void {
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
