import { type Document, Long } from 'mongodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selectionOf } from '../../connectors/mongodb/query.ts';
import { readTable, type TableOptions } from '../../connectors/shared/table/definition.ts';
import type { Query } from '../../src/kit/lookup.ts';
import { countMessage, rowMessage, symbolTable, TestTable } from '../support/contracts/table-harness.ts';
import { trade, trades } from '../support/mongo/trades.ts';
import { type MongoWorld, mongoWorld } from '../support/mongo/world.ts';
import { onServices } from '../support/services/cluster.ts';

const symbols = { fields: { symbol: 'string', tradeCount: 'int64', lastTradeAt: 'date' }, unique: 'symbol' };
const newest = ['time', '_id'].map((field) => ({ field, descending: true }));
const codes = (failed: ReadonlyMap<number, Error> | undefined) =>
  [...(failed ?? [])].map(([index, error]) => [index, (error as { code?: string }).code]);

onServices('mongodb', (services) => {
  let world: MongoWorld;
  const rows = () => world.db.collection(world.target.collection);
  beforeEach(async () => {
    world = await mongoWorld(services.mongo);
  });
  afterEach(() => world.dispose());

  describe('documents', () => {
    it('have the names and types that other programs read', async () => {
      const table = await TestTable.open(world, trades);
      const value = trade('t-0-7--A-1763645598585-0', { price: 196.38, time: 1763645598585, volume: 1e21 });
      await table.write([rowMessage(value, { lane: 'id/t/0', offset: 7, index: 3 })]);
      const [document] = await rows().find({}, { promoteValues: false }).toArray();
      expect(shapeOf(document ?? {})).toEqual({
        _id: 'ObjectId',
        message_key: 'String',
        symbol: 'String',
        price: 'Decimal128 196.38',
        time: 'Date',
        volume: 'Decimal128 1000000000000000000000',
        _src: 'Object',
      });
      expect(document?.['time']).toEqual(new Date(1763645598585));
      await table.close();
    });

    it('of counters have a Long and a Date', async () => {
      const table = await TestTable.open(world, symbols, 'merges');
      await table.write([countMessage({ symbol: '$A', offset: 3, time: 1763645598585, lane: 'id/a.b/0' })]);
      await table.write([countMessage({ symbol: '$A', offset: 2 ** 40, time: 5, lane: 'id/a.b/0' })]);
      const [document] = await rows().find({}, { promoteValues: false }).toArray();
      const types = { _id: 'ObjectId', symbol: 'String', tradeCount: 'Long 2', lastTradeAt: 'Date', _marks: 'Array' };
      expect(shapeOf(document ?? {})).toEqual(types);
      const [plain] = await rows().find().toArray();
      expect(plain).toMatchObject({
        symbol: '$A',
        lastTradeAt: new Date(1763645598585),
        _marks: [{ l: 'id/a.b/0', o: 2 ** 40, i: 0, t: new Date(5000 + 2 ** 40), k: '$A' }],
      });
      await table.close();
    });

    it('are distinguished by a unique index, and found by the declared ones', async () => {
      const table = await TestTable.open(world, { ...trades, expire: '10s' });
      expect(
        (await rows().indexes()).map(({ key, unique, expireAfterSeconds }) => [key, unique, expireAfterSeconds]),
      ).toEqual([
        [{ _id: 1 }, undefined, undefined],
        [{ message_key: 1 }, true, undefined],
        [{ symbol: 1, time: -1, _id: -1 }, undefined, undefined],
        [{ _at: 1 }, undefined, 10],
      ]);
      await table.close();
      const again = await TestTable.open(world, { ...trades, expire: '1m' });
      expect((await rows().indexes()).at(-1)).toMatchObject({ key: { _at: 1 }, expireAfterSeconds: 60 });
      await again.write([rowMessage(trade('a'))]);
      expect((await rows().findOne({}))?.['_at']).toEqual(new Date(world.clock.now()));
      await again.close();
    });

    it('of others are found as theirs, and never counted as ours', async () => {
      const table = await TestTable.open(world, trades);
      await rows().insertOne({
        message_key: 'a',
        symbol: 'A',
        price: 1.5,
        time: new Date(5),
        volume: Long.fromNumber(3),
      });
      expect(await table.find({ where: { symbol: 'A' } })).toMatchObject([{ price: '1.5', time: 5, volume: '3' }]);
      const { known } = await table.write([rowMessage(trade('a'), { offset: 1 })]);
      expect([...(known ?? [])]).toEqual([[0, { lane: '', offset: -1, index: 0 }]]);
      await table.close();
    });

    it('will not show an integer beyond 2^53 as a wrong one', async () => {
      const table = await TestTable.open(world, symbols);
      await rows().insertOne({ symbol: 'A', tradeCount: Long.fromString('9007199254740993') });
      await expect(table.find()).rejects.toMatchObject({ code: 'FDP_MESSAGE_UNREADABLE' });
      await table.close();
    });
  });

  describe('pages', () => {
    it.each([
      ['the first', undefined],
      ['one after a millisecond', { value: 1010 }],
      ['one after a row', { value: 1010, id: true }],
    ])('read as many keys as rows, without sorting: %s', async (_what, after) => {
      const table = await TestTable.open(world, trades);
      const many = Array.from({ length: 2000 }, (_, n) => trade(`k${n}`, { time: 1000 + Math.floor(n / 100) }));
      await table.write(many.map((value) => rowMessage(value)));
      const edge = await rows().findOne({ time: new Date(1010) }, { sort: { _id: -1 }, skip: 50 });
      const page = after && { value: after.value, ...('id' in after ? { id: String(edge?.['_id']) } : {}) };
      const query: Query = { where: { symbol: 'A' }, sort: newest, limit: 51, ...(page ? { after: page } : {}) };
      const { filter, sort, limit } = selectionOf(readTable('trades', trades as TableOptions), query) ?? {};
      const plan = await rows()
        .find(filter ?? {})
        .sort(sort ?? {})
        .limit(limit ?? 0)
        .explain('executionStats');
      expect(plan['executionStats'].nReturned).toBe(51);
      expect(plan['executionStats'].totalKeysExamined).toBeLessThanOrEqual(55);
      expect(JSON.stringify(plan['queryPlanner'].winningPlan)).not.toMatch(/"stage":"(SORT|COLLSCAN)"/);
      await table.close();
    });
  });

  describe('refusals', () => {
    it('of another unique index are permanent errors, and do not count as known rows', async () => {
      await rows().createIndex({ time: 1 }, { unique: true });
      const table = await TestTable.open(world, { ...trades, indexes: [] });
      await table.write([rowMessage(trade('a', { time: 1 }))]);
      const messages = [trade('b', { time: 1 }), trade('c', { time: 2 }), trade('a', { time: 1 })];
      const { known, failed } = await table.write(messages.map((value) => rowMessage(value)));
      expect(codes(failed)).toEqual([[0, 'FDP_MESSAGE_REFUSED']]);
      expect(failed?.get(0)?.message).toMatch(/another row has the same time/);
      expect([...(known?.keys() ?? [])]).toEqual([2]);
      expect(await rows().countDocuments()).toBe(2);
      await table.close();
    });

    it("of the collection's validator are for good, and their neighbours are stored", async () => {
      await world.db.createCollection('rows', { validator: { symbol: { $ne: 'BAD' } } });
      const table = await TestTable.open(world, trades);
      const messages = ['A', 'BAD', 'C', 'BAD'].map((symbol, n) => rowMessage(trade(`k${n}`, { symbol })));
      const { failed } = await table.write(messages);
      expect(codes(failed)).toEqual([
        [1, 'FDP_MESSAGE_REFUSED'],
        [3, 'FDP_MESSAGE_REFUSED'],
      ]);
      expect((await table.find()).map(({ symbol }) => symbol)).toEqual(['A', 'C']);
      await table.close();
    });

    it('of one change leave the other changes of the same document counted, once', async () => {
      await world.db.createCollection('rows', { validator: { lastTradeAt: { $lt: new Date(100) } } });
      const table = await TestTable.open(world, symbols, 'merges');
      const changes = [1, 2, 500, 3, 4].map((time, offset) => countMessage({ symbol: 'A', offset, time }));
      for (let round = 0; round < 2; round++)
        expect(codes((await table.write(changes)).failed)).toEqual(round === 0 ? [[2, 'FDP_MESSAGE_REFUSED']] : []);
      expect(await table.find()).toMatchObject([{ tradeCount: 4, lastTradeAt: 4 }]);
      await table.close();
    });

    it('of documents that are too large or too deep are permanent, and the other documents are stored', async () => {
      const table = await TestTable.open(world, { unique: 'id' });
      const circle: Record<string, unknown> = { id: 'circle' };
      circle['self'] = circle;
      const values = [
        { id: 'a' },
        { id: 'big', text: 'x'.repeat(17_000_000) },
        circle,
        { id: 'b', 'a\0': 1 },
        { id: 'c' },
      ];
      const { failed } = await table.write(values.map((value) => rowMessage(value)));
      expect(codes(failed).sort()).toEqual([1, 2, 3].map((index) => [index, 'FDP_MESSAGE_REFUSED']));
      expect(await rows().distinct('id')).toEqual(['a', 'c']);
      const deep = JSON.parse(`${'{"a":'.repeat(300)}1${'}'.repeat(300)}`);
      await expect(table.write([rowMessage({ id: 'deep', deep })])).rejects.toMatchObject({ fault: 'permanent' });
      await table.close();
    });

    it('take batches of any size in commands that fit', async () => {
      const table = await TestTable.open(world, { unique: 'id' });
      const text = 'x'.repeat(4_000_000);
      const { failed, known } = await table.write(Array.from({ length: 15 }, (_, id) => rowMessage({ id, text })));
      expect([failed?.size, known?.size, await rows().countDocuments()]).toEqual([0, 0, 15]);
      // Nor does one reply hold them; no cursor is left behind.
      expect(await table.find()).toHaveLength(15);
      const cursors = async () => (await world.admin.command({ serverStatus: 1 }))['metrics'].cursor.open.total;
      await expect.poll(async () => Number(await cursors()), { timeout: 30_000 }).toBe(0);
      await table.close();
    });
  });

  it('resets a lane, and counts it again', async () => {
    const table = await TestTable.open(world, symbolTable, 'merges');
    const counts = [0, 1].map((offset) => countMessage({ symbol: 'A', offset, lane: 'x' }));
    await table.write([...counts, countMessage({ symbol: 'A', offset: 5, lane: 'y' })]);
    await table.sink.counters?.forget('x', undefined);
    expect(await table.sink.counters?.mark('x')).toBeUndefined();
    expect(await table.sink.counters?.mark('y')).toMatchObject({ offset: 5 });
    await table.write(counts);
    expect(await table.find()).toMatchObject([{ tradeCount: 5 }]);
    await table.close();
  });

  it('shares one client among the collections of a server, and leaves no connection behind', async () => {
    const connections = async () => {
      const filter = { appName: 'fdp', 'clientMetadata.application.name': 'fdp' };
      const found = world.admin.aggregate([{ $currentOp: { idleConnections: true } }, { $match: filter }]);
      return (await found.toArray()).length;
    };
    const one = await TestTable.open(world, trades);
    const alone = await connections();
    const two = await TestTable.open(world, { ...symbols, collection: 'b' });
    expect(await connections()).toBeLessThanOrEqual(alone + 1);
    await one.close();
    expect(await two.find()).toEqual([]);
    await two.close();
    await expect.poll(connections, { timeout: 30_000 }).toBe(0);
  });
});

/** A document's fields and their types in BSON, numbers with their value. */
function shapeOf(document: Document): Record<string, string> {
  const shown = (value: unknown): string => {
    const type = (value as { _bsontype?: string })._bsontype ?? Object.prototype.toString.call(value).slice(8, -1);
    return type === 'Decimal128' || type === 'Long' ? `${type} ${value}` : type;
  };
  return Object.fromEntries(Object.entries(document).map(([field, value]) => [field, shown(value)]));
}
