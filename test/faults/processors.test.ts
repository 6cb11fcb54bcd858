import { Kafka, logLevel } from 'kafkajs';
import { expect, it } from 'vitest';
import { seededChance } from '../../src/engine/chance.ts';
import { onOwnServices, onServices } from '../support/cluster.ts';
import { Cluster } from '../support/cluster-place.ts';
import { Ledger, readBooks } from '../support/ledger.ts';
import { eventually } from '../support/platform.ts';
import { startKafka, startMongo } from '../support/services.ts';

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
        const { groups } = await admin.describeGroups([cluster.group]);
        return groups[0]?.members.length === 0;
      });
      await admin.resetOffsets({ groupId: cluster.group, topic: cluster.place.topic, earliest: true });
      running[0] = await cluster.processor();
      await eventually('the replay is over', async () => {
        const positions = await admin.fetchOffsets({ groupId: cluster.group, topics: [cluster.place.topic] });
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
