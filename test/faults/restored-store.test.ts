import { type Db, type Document, MongoClient } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cli/cluster.ts';
import { sized } from '../support/cli/faults.ts';
import { eventually } from '../support/cli/platform.ts';
import { Ledger } from '../support/kafka/ledger.ts';
import { type LedgerAddress, storedIn } from '../support/kafka/ledger-books.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onServices } from '../support/services/cluster.ts';

const rewindLine = /the store of .+ is older than .+ is read again from offset (\d+) instead of (\d+): (\d+) messages/;
const collections = ['finnhub_trades', 'symbols'] as const;
type Backup = ReadonlyMap<string, readonly Document[]>;

async function inDatabase<T>({ url, database }: LedgerAddress, work: (db: Db) => Promise<T>): Promise<T> {
  const client = await new MongoClient(url, { promoteValues: false }).connect();
  try {
    return await work(client.db(database));
  } finally {
    await client.close();
  }
}

/** Both collections, one after the other, as any client may read them: without a moment that they share. */
function backUp(address: LedgerAddress): Promise<Backup> {
  return inDatabase(address, async (db) => {
    const backup = new Map<string, readonly Document[]>();
    for (const name of collections) backup.set(name, await db.collection(name).find().toArray());
    return backup;
  });
}

/** Puts collections back as they were, and nothing else of the database. */
function restore(address: LedgerAddress, backup: Backup, names: readonly string[]): Promise<void> {
  return inDatabase(address, async (db) => {
    for (const name of names) {
      const collection = db.collection(name);
      await collection.deleteMany({});
      const documents = [...(backup.get(name) ?? [])];
      if (documents.length > 0) await collection.insertMany(documents);
    }
  });
}

/** Offers some more trades, starts a processor until all that the log holds is stored and counted, and returns its output. */
async function settle(cluster: Cluster, ledger: Ledger): Promise<string> {
  await ledger.offer(60);
  await using processor = await cluster.processor();
  try {
    await eventually('partitions', async () => processor.output.includes('assigned partitions'));
    await cluster.settled(ledger);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${processor.output}`);
  }
  expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
  return processor.output;
}

describe.concurrent('stores on MongoDB, behind what their group has committed in Kafka', { timeout: 300_000 }, () => {
  onServices('put back as they were before', (services) => {
    it.each(
      sized<readonly (readonly string[])[]>({
        full: [[...collections], ['finnhub_trades'], ['symbols']],
        fast: [[...collections], ['symbols']],
      }).map((names) => [names.join(' and '), names] as const),
    )('are filled again from the log, which is logged once: %s', async (_, names) => {
      using cluster = new Cluster(services.kafka, services.mongo);
      const ledger = await Ledger.open(cluster.address, 3);
      await ledger.offer(600);
      expect(await settle(cluster, ledger)).not.toMatch(rewindLine);
      const backup = await backUp(cluster.address);
      await ledger.offer(900);
      expect(await settle(cluster, ledger)).not.toMatch(rewindLine);

      await restore(cluster.address, backup, names);
      expect(await settle(cluster, ledger)).toMatch(rewindLine);
      expect(await settle(cluster, ledger)).not.toMatch(rewindLine);
      await ledger.close();
    });

    it('are filled again also from a backup that was taken while a processor ran that was killed later', async () => {
      using cluster = new Cluster(services.kafka, services.mongo);
      const ledger = await Ledger.open(cluster.address, 3);
      await using view = await KafkaView.open(services.kafka);
      const over = new AbortController();
      const offering = ledger.offerUntil(over.signal, 1000);
      const processor = await cluster.processor();
      const stored = (count: number) =>
        eventually(`${count} trades stored`, async () => (await storedIn(cluster.address)) > count);
      await stored(500);
      const backup = await backUp(cluster.address);
      await stored((backup.get('finnhub_trades')?.length ?? 0) + 500);
      over.abort();
      await offering;
      await view.untilReadThrough(cluster.group, cluster.address.topic);
      await processor.stop('SIGKILL');

      await restore(cluster.address, backup, collections);
      expect(await settle(cluster, ledger)).toMatch(rewindLine);
      await ledger.close();
    });
  });

  onServices('dropped', (services) => {
    it('are made and filled again from the log', async () => {
      using cluster = new Cluster(services.kafka, services.mongo);
      const ledger = await Ledger.open(cluster.address, 3);
      await ledger.offer(600);
      await settle(cluster, ledger);
      await inDatabase(cluster.address, (db) => db.dropDatabase());
      expect(await settle(cluster, ledger)).toMatch(rewindLine);
      await ledger.close();
    });
  });
});
