import { Kafka, logLevel } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { expect, it } from 'vitest';
import { Cluster } from '../../support/cli/cluster.ts';
import { pause } from '../../support/cli/faults.ts';
import { median, residentMiB } from '../../support/cli/memory.ts';
import { eventually } from '../../support/cli/platform.ts';
import { Watched } from '../../support/cli/watched.ts';
import { Ledger } from '../../support/kafka/ledger.ts';
import { onServices } from '../../support/services/cluster.ts';
import { SlowWay } from '../../support/sockets/slow-way.ts';

/** What a stored trade takes on the way to the server, roughly, bytes. */
const tradeBytes = 250;
const tradesPerSecond = 100;
const waiting = 500_000;
const slowMs = 180_000;

/** Who works the group, and on what. */
async function members({ address, group }: Cluster): Promise<readonly string[]> {
  const admin = new Kafka({ brokers: address.brokers.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const { groups } = await admin.describeGroups([group]);
    return (groups[0]?.members ?? []).map((one) => `${one.memberId} ${one.memberAssignment.toString('base64')}`);
  } finally {
    await admin.disconnect();
  }
}

onServices('a store that takes 100 trades a second', (services) => {
  it('holds the processor back, which neither grows nor loses its place in the group, and catches up later', async () => {
    using cluster = new Cluster(services.kafka, services.mongo);
    await using way = await SlowWay.to(Number(new URL(services.mongo).port), tradesPerSecond * tradeBytes);
    await using mongo = await new MongoClient(services.mongo).connect();
    const stored = () => mongo.db(cluster.address.database).collection('finnhub_trades').countDocuments();
    const ledger = await Ledger.open(cluster.address, 6);
    await ledger.offer(waiting);
    const started = performance.now();
    await using processor = await Watched.start(cluster, 'processor', { MONGODB_URL: way.url });
    try {
      await eventually('the first trades stored', async () => (await stored()) > 0);
      const [before, atFirst] = [await members(cluster), await stored()];
      expect(before).toHaveLength(1);
      const memory: number[] = [];
      const from = performance.now();
      while (performance.now() - from < slowMs) {
        memory.push(residentMiB(processor.process.child.pid));
        expect(await processor.health()).toBeDefined();
        await pause(250);
      }
      // Never faster than the store, which takes a write or none: many of them come too late, and are made smaller.
      expect((1000 * (await stored())) / (performance.now() - started)).toBeLessThan(3 * tradesPerSecond);
      expect(await stored()).toBeGreaterThan(atFirst);
      expect(await members(cluster)).toEqual(before);
      expect(processor.lines.map(({ msg }) => msg)).not.toContainEqual(expect.stringContaining('is rebalancing'));
      const half = Math.floor(memory.length / 2);
      expect(median(memory.slice(half))).toBeLessThan(median(memory.slice(0, half)) + 48);
      way.heal();
      await eventually('all stored', async () => (await stored()) === waiting, 180_000);
      await cluster.settled(ledger);
      await processor.green();
      expect(await members(cluster)).toEqual(before);
      expect(await processor.process.stop('SIGTERM'), processor.process.output).toBe(0);
    } finally {
      await ledger.close();
    }
  }, 900_000);
});
