import { MongoClient } from 'mongodb';
import { expect, it } from 'vitest';
import { Cluster } from '../../support/cli/cluster.ts';
import { eventually } from '../../support/cli/platform.ts';
import { type OldRecord, processAsBefore } from '../../support/cli/replaced-platform.ts';
import { Ledger } from '../../support/kafka/ledger.ts';
import { storedIn } from '../../support/kafka/ledger-books.ts';
import { onOwnServices } from '../../support/services/cluster.ts';
import { startMongo } from '../../support/services/services.ts';

const perSecond = 200;
const comparisons = 10;
/** One symbol that trades now as well, and one that does not. */
const symbols = ['AAPL', 'IBM'];
const records = 20;

/** What the replaced processor has stored, without an origin; every fifth record twice, which it counted twice. */
const old = Array.from(
  { length: records },
  (_, offset): OldRecord => ({
    ...{ topic: 'before', partition: 0, offset },
    trades: symbols.map((s, index) => ({
      s,
      p: 100 + offset,
      t: Date.UTC(2025, 10, 19, 15) + offset * 1000 + index,
      v: 1,
    })),
  }),
);

onOwnServices('fdp-run reconcile on the database of an older processor', (services) => {
  it(`reports its drifted counters, repairs them while trades come, and then finds nothing ${comparisons} times`, async () => {
    const server = await startMongo({ replicaSet: true });
    using cluster = new Cluster(services.kafka, server.address);
    const client = await new MongoClient(server.address).connect();
    const db = client.db(cluster.address.database);
    const collections = { trades: db.collection('finnhub_trades'), symbols: db.collection('symbols') };
    const ledger = await Ledger.open(cluster.address, 6);
    const stop = new AbortController();
    try {
      await collections.trades.createIndex({ message_key: 1 }, { unique: true });
      await collections.symbols.createIndex({ symbol: 1 }, { unique: true });
      for (const record of old)
        for (let time = 0; time < (record.offset % 5 === 0 ? 2 : 1); time++) await processAsBefore(record, collections);
      const offering = ledger.offerUntil(stop.signal, perSecond);
      await using running = (await cluster.start(['--topology', 'processor'])).process;
      await eventually('trades', async () => (await storedIn(cluster.address)) > 1000);
      const found = await cluster.command('reconcile', 'symbols', '--json');
      const { tables } = JSON.parse(found.stdout) as { tables: readonly { differences: readonly { key: string }[] }[] };
      expect(found.code).toBe(4);
      expect(tables.map(({ differences }) => differences.map(({ key }) => key).sort())).toEqual([symbols]);
      const repaired = async () => {
        const { code, stdout } = await cluster.command('reconcile', 'symbols', '--repair');
        return code === 0 && stdout;
      };
      expect(await eventually('the counters are repaired', repaired, 120_000)).toContain('repaired, 0 left');
      for (let n = 0; n < comparisons; n++) {
        const { code, stdout } = await cluster.command('reconcile', 'symbols');
        expect([code, stdout.match(/no difference/g)?.length], stdout).toEqual([0, 1]);
      }
      stop.abort();
      await offering;
      const counted = async () =>
        Object.fromEntries(
          (await collections.symbols.find().toArray()).map((row) => [row['symbol'], Number(row['tradeCount'])]),
        );
      const stored = async () => {
        const groups = await collections.trades.aggregate([{ $group: { _id: '$symbol', n: { $sum: 1 } } }]).toArray();
        return Object.fromEntries<number>(groups.map((group) => [group['_id'], Number(group['n'])]));
      };
      const offered = async () =>
        Object.values(await stored()).reduce((sum, n) => sum + n, 0) - records * symbols.length;
      await eventually('all trades are stored', async () => (await offered()) >= ledger.acknowledged.size);
      expect(await running.stop('SIGTERM'), running.output).toBe(0);
      expect(await counted()).toEqual(await stored());
      expect((await counted())['IBM']).toBe(records);
    } finally {
      stop.abort();
      await client.close();
      await ledger.close();
      await server.stop();
    }
  }, 600_000);
});
