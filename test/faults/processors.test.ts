import { Kafka, logLevel } from 'kafkajs';
import { expect, it } from 'vitest';
import { seededChance } from '../../src/engine/chance.ts';
import { onOwnServices, onServices } from '../support/cluster.ts';
import { Ledger, type LedgerPlace, readBooks } from '../support/ledger.ts';
import { pipelineCopy } from '../support/pipeline-copy.ts';
import { placeIn } from '../support/place.ts';
import { eventually, Process, temporaryFolder } from '../support/platform.ts';
import { randomName, startKafka, startMongo } from '../support/services.ts';

/** The shipped pipeline on a topic and database of its own. */
function pipelineOn(folder: string, { topic, database }: LedgerPlace): string {
  return pipelineCopy(
    folder,
    ['topic: raw_stock_ticks, partitions', `topic: ${topic}, partitions`],
    ['topic: raw_stock_ticks.rejected', `topic: ${topic}.rejected`],
    ['database: financialDataDatabase', `database: ${database}`],
    ['database: financialDataDatabase', `database: ${database}`],
    ['database: financialDataDatabase', `database: ${database}`],
  );
}

class Cluster {
  readonly place: LedgerPlace;
  readonly folder = temporaryFolder();
  readonly #pipeline: string;

  constructor(brokers: string, url: string) {
    this.place = { brokers, url, topic: randomName('ticks'), database: randomName('fdp') };
    this.#pipeline = pipelineOn(this.folder.path, this.place);
  }

  async processor(): Promise<Process> {
    const { env } = await placeIn(this.folder.path);
    return new Process(['--pipeline', this.#pipeline, '--topology', 'processor'], {
      ...env,
      FDP_PROFILE: 'cluster',
      KAFKA_BROKERS: this.place.brokers,
      MONGODB_URL: this.place.url,
      OBSERVE_PORT: '0',
    });
  }

  /** Waits until the processors have stored what the log holds, and fails with every difference. */
  async settled(ledger: Ledger): Promise<void> {
    const isStored = async () => (await ledger.audit()).length === 0;
    await eventually('everything stored and counted', isStored, 90_000).catch(async () => {
      expect(await ledger.audit()).toEqual([]);
    });
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

onServices('processors on Kafka and MongoDB', (services) => {
  it('three of them, one killed with -9 at random all the time: stored and counted once; replayed, nothing changes', async () => {
    using cluster = new Cluster(services.kafka, services.mongo);
    const ledger = await Ledger.open(cluster.place, 6);
    const chance = seededChance(20251120);
    const running = [await cluster.processor(), await cluster.processor(), await cluster.processor()];
    try {
      const offering = ledger.offer(60_000);
      for (let kill = 0; kill < 8; kill++) {
        await new Promise((resolve) => setTimeout(resolve, 500 + 1000 * chance.next()));
        const victim = Math.floor(chance.next() * running.length);
        await running[victim]?.stop('SIGKILL');
        running[victim] = await cluster.processor();
      }
      await offering;
      await cluster.settled(ledger);
      expect(ledger.acknowledged.size).toBe(60_000);
      for (const process of running) expect(await process.stop('SIGTERM'), process.output).toBe(0);

      const before = await readBooks(cluster.place);
      const admin = new Kafka({ brokers: [services.kafka], logLevel: logLevel.NOTHING }).admin();
      await admin.connect();
      await eventually('the group is empty', async () => {
        const { groups } = await admin.describeGroups(['processor']);
        return groups[0]?.members.length === 0;
      });
      await admin.resetOffsets({ groupId: 'processor', topic: cluster.place.topic, earliest: true });
      running[0] = await cluster.processor();
      await eventually('the replay is over', async () => {
        const positions = await admin.fetchOffsets({ groupId: 'processor', topics: [cluster.place.topic] });
        const ends = await admin.fetchTopicOffsets(cluster.place.topic);
        const done = new Map(positions[0]?.partitions.map(({ partition, offset }) => [partition, offset]));
        return ends.every(({ partition, high }) => high === '0' || done.get(partition) === high);
      });
      await admin.disconnect();
      expect(await running[0].stop('SIGTERM')).toBe(0);
      expect(await readBooks(cluster.place)).toEqual(before);
    } finally {
      for (const process of running) await process.stop('SIGKILL');
      await ledger.close();
    }
  }, 240_000);
});

onOwnServices('outages of Kafka and MongoDB', () => {
  it('stopped, killed and frozen in turn under load: nobody exits, everything acknowledged is stored once', async () => {
    const [kafka, mongo] = await Promise.all([startKafka(), startMongo()]);
    using cluster = new Cluster(kafka.address, mongo.address);
    const ledger = await Ledger.open(cluster.place, 6);
    const stop = new AbortController();
    const offering = ledger.offerUntil(stop.signal, 300);
    await using processor = await cluster.processor();
    const away = () => new Promise((resolve) => setTimeout(resolve, 6000));
    try {
      for (const service of [mongo, kafka]) {
        await service.kill();
        await away();
        await service.restart();
        await service.pause();
        await away();
        await service.resume();
      }
      stop.abort();
      await offering;
      await cluster.settled(ledger).catch((error) => {
        throw new Error(`${error.message}\n${processor.output}`);
      });
      expect(ledger.acknowledged.size).toBeGreaterThan(1000);
      expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
    } finally {
      stop.abort();
      await processor.stop('SIGKILL');
      await ledger.close();
      await Promise.all([kafka.stop(), mongo.stop()]);
    }
  }, 240_000);
});
