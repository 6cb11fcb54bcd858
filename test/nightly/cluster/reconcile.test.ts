import { type Db, MongoClient } from 'mongodb';
import { expect, it } from 'vitest';
import { Cluster } from '../../support/cli/cluster.ts';
import { eventually } from '../../support/cli/platform.ts';
import { Ledger } from '../../support/kafka/ledger.ts';
import { storedIn } from '../../support/kafka/ledger-books.ts';
import { KafkaView } from '../../support/kafka/view.ts';
import { onOwnServices } from '../../support/services/cluster.ts';
import { startMongo } from '../../support/services/services.ts';

const perSecond = 200;
const comparisons = 10;

/** Changes counters and bars as another program does, while fdp counts. */
async function spoil(db: Db): Promise<void> {
  const symbols = db.collection('symbols');
  await symbols.updateOne({ symbol: 'AAPL' }, { $inc: { tradeCount: 40 } });
  await symbols.updateOne({ symbol: 'MSFT' }, { $set: { lastTradeAt: new Date('2031-01-01T00:00:00Z') } });
  await symbols.deleteOne({ symbol: 'TSLA' });
  await db.collection('candles').updateOne({ symbol: 'AAPL' }, { $inc: { trades: 3 } });
}

onOwnServices('fdp reconcile on Kafka and a replica set', (services) => {
  it(`finds nothing ${comparisons} times while trades come, and repairs meanwhile what another program left`, async () => {
    const server = await startMongo({ replicaSet: true });
    using cluster = new Cluster(services.kafka, server.address);
    const ledger = await Ledger.open(cluster.address, 6);
    await using view = await KafkaView.open(services.kafka);
    const client = await new MongoClient(server.address).connect();
    const stop = new AbortController();
    try {
      const offering = ledger.offerUntil(stop.signal, perSecond);
      const { process } = await cluster.start(['--topology', 'processor,candles']);
      await using running = process;
      await eventually('trades', async () => (await storedIn(cluster.address)) > 1000);
      for (let n = 0; n < comparisons; n++) {
        const { code, stdout } = await cluster.command('reconcile');
        expect([code, stdout.match(/no difference/g)?.length], stdout).toEqual([0, 3]);
      }
      expect(await cluster.command('reconcile', 'symbols', '--from-log')).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^symbols: \d+ rows compared with \d+ messages of ticks: no difference/),
      });
      await spoil(client.db(cluster.address.database));
      const found = await cluster.command('reconcile', '--json');
      const { tables } = JSON.parse(found.stdout) as { tables: readonly { differences: readonly { key: string }[] }[] };
      expect(found.code).toBe(4);
      expect(tables.map(({ differences }) => differences.map(({ key }) => key).sort())).toEqual([
        ['AAPL', 'MSFT', 'TSLA'],
        [expect.stringMatching(/^AAPL\|1m\|/)],
        [],
      ]);
      const log = await cluster.command('reconcile', 'symbols', '--from-log');
      expect(log.code, log.stdout).toBe(4);
      const repaired = async () => {
        const { code, stdout } = await cluster.command('reconcile', 'symbols', '--repair');
        return code === 0 && stdout;
      };
      expect(await eventually('the counters are repaired', repaired, 120_000)).toContain('repaired, 0 left');
      stop.abort();
      await offering;
      await view.untilReadThrough(cluster.barsGroup, cluster.address.topic);
      // All trades fall into one minute: its bars change faster than they can be compared until now.
      const bars = await cluster.command('reconcile', 'candles', '--repair');
      expect([bars.code, bars.stdout], bars.stdout).toEqual([0, expect.stringContaining('1 repaired, 0 left')]);
      await cluster.settled(ledger);
      expect(await running.stop('SIGTERM'), running.output).toBe(0);
      const { code, stdout } = await cluster.command('reconcile');
      expect([code, stdout.match(/no difference\n/g)?.length], stdout).toEqual([0, 3]);
    } finally {
      stop.abort();
      await client.close();
      await ledger.close();
      await server.stop();
    }
  }, 600_000);
});
