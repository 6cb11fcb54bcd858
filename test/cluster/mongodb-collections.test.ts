import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rowMessage, TestTable } from '../support/contracts/table-harness.ts';
import { trade, trades } from '../support/mongo/trades.ts';
import { type MongoWorld, mongoWorld } from '../support/mongo/world.ts';
import { onServices } from '../support/services/cluster.ts';

onServices('mongodb', (services) => {
  let world: MongoWorld;
  const rows = () => world.db.collection(world.target.collection);
  beforeEach(async () => {
    world = await mongoWorld(services.mongo);
  });
  afterEach(() => world.dispose());

  describe('a collection of before', () => {
    it.each([
      ['a time-series collection', { timeseries: { timeField: 'time', metaField: 'symbol' } }],
      ['rows of the same key, or none', {}],
    ])('with %s is refused with the way to take it over', async (_what, options) => {
      await world.db.createCollection('rows', options);
      const old = ['a', 'b', 'a', undefined, undefined].map((key) => ({
        ...(key === undefined ? {} : { message_key: key }),
        ...{ symbol: 'A', time: new Date(5) },
      }));
      await rows().insertMany(old);
      const error = await TestTable.open(world, trades).then(
        () => undefined,
        (thrown) => thrown,
      );
      expect(error).toMatchObject({ code: 'FDP_STORE_DIFFERS', fault: 'fatal' });
      const [, pipeline = '', target = ''] =
        /aggregate\((\[.*\]), \{"allowDiskUse":true\}\), and give `collection: (\w+)`/.exec(error.message) ?? [];
      await rows().aggregate(JSON.parse(pipeline), { allowDiskUse: true }).toArray();
      const table = await TestTable.open(world, { ...trades, collection: target });
      expect(await table.find()).toHaveLength(4);
      expect((await table.write([rowMessage(trade('a'))])).known?.size).toBe(1);
      await table.close();
    });

    it.each([
      [{ key: { message_key: 1 }, name: 'mine' }],
      [{ key: { message_key: 1 }, name: 'mine', unique: true, sparse: true }],
      [{ key: { symbol: 1, time: -1, _id: -1 }, name: 'mine', unique: true }],
      [{ key: { symbol: 1, time: -1, _id: -1 }, name: 'mine', partialFilterExpression: { symbol: 'A' } }],
    ])('with the index %o is refused, and says how to drop it', async (index) => {
      await rows().createIndexes([index as never]);
      await expect(TestTable.open(world, trades)).rejects.toMatchObject({
        code: 'FDP_STORE_DIFFERS',
        message: expect.stringMatching(/db\.getCollection\("rows"\)\.dropIndex\("mine"\)/),
      });
    });

    it('with the same indexes under other names is taken as it is', async () => {
      await rows().createIndex({ message_key: 1 }, { unique: true, name: 'mine' });
      const table = await TestTable.open(world, trades);
      expect(await rows().indexes()).toHaveLength(3);
      await table.close();
    });

    it('that is a view is refused', async () => {
      await world.db.createCollection('rows', { viewOn: 'other', pipeline: [] });
      await expect(TestTable.open(world, trades)).rejects.toMatchObject({ code: 'FDP_STORE_DIFFERS' });
    });
  });
});
