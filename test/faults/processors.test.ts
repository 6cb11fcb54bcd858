import { MongoClient } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { Cluster } from '../support/cli/cluster.ts';
import { faultChance, isFull, pause, sized } from '../support/cli/faults.ts';
import { eventually, type Process } from '../support/cli/platform.ts';
import { LineReader } from '../support/cli/workspace.ts';
import { Ledger } from '../support/kafka/ledger.ts';
import { everyDocument, type LedgerAddress } from '../support/kafka/ledger-books.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { VwapOracle } from '../support/kafka/vwap-oracle.ts';
import { onOwnServices, onServices } from '../support/services/cluster.ts';
import { startMongo } from '../support/services/services.ts';

const trades = sized({ full: 200_000, fast: 20_000 });
const kills = sized({ full: 40, fast: 4 });
const processors = 3;

/** Kills a processor at random again and again: at any moment, or, every other time, while trades are being stored. */
async function killAtRandom(cluster: Cluster, running: Process[], test: string): Promise<void> {
  const chance = faultChance(test);
  for (let kill = 0; kill < kills; kill++) {
    if (chance.next() < 0.5) await untilStoring(cluster.address);
    await pause(200 + 1300 * chance.next());
    const victim = Math.floor(chance.next() * running.length);
    expect(await running[victim]?.stop('SIGKILL'), running[victim]?.output).toBe('SIGKILL');
    running[victim] = await cluster.processor();
  }
}

/** Resolves when more is stored than was before, or nothing has been for a while: all of it may be there already. */
async function untilStoring({ url, database }: LedgerAddress): Promise<void> {
  const mongo = await new MongoClient(url).connect();
  const stored = () => mongo.db(database).collection('finnhub_trades').countDocuments();
  const before = await stored();
  await eventually('more is stored', async () => (await stored()) > before, 20_000).catch(() => {});
  await mongo.close();
}

/** Three processors work the log off while they are killed; then the group is set back, and all of it is read again. */
async function survive(cluster: Cluster, test: string, symbols = 0): Promise<void> {
  const { brokers, topic } = cluster.address;
  const ledger = await Ledger.open(cluster.address, 6, symbols);
  await using view = await KafkaView.open(brokers);
  const running: Process[] = [];
  try {
    for (let one = 0; one < processors; one++) running.push(await cluster.processor());
    const killing = killAtRandom(cluster, running, test);
    // Some of it waits when they come, the rest arrives while they are killed.
    await ledger.offer(trades / 2);
    for (let left = trades / 2; left > 0; left -= trades / 100) {
      await ledger.offer(trades / 100);
      await pause((kills * 1000) / 50);
    }
    await killing;
    await cluster.settled(ledger, 240_000);
    expect(ledger.acknowledged.size).toBe(trades);
    for (const process of running) expect(await process.stop('SIGTERM'), process.output).toBe(0);

    const before = await everyDocument(cluster.address);
    await view.rewind(cluster.group, topic);
    const again = await cluster.processor();
    running.push(again);
    await view.untilReadThrough(cluster.group, topic, 240_000);
    expect(await again.stop('SIGTERM'), again.output).toBe(0);
    const after = await everyDocument(cluster.address);
    expect(after.length).toBe(before.length);
    expect(after.filter((document, index) => document !== before[index]).slice(0, 3)).toEqual([]);
  } finally {
    for (const process of running) await process.stop('SIGKILL');
    await ledger.close();
  }
}

/** Reads what one analytics process broadcasts, and kills it in the midst of it. */
async function listenAndKill(cluster: Cluster, pauseMs: number): Promise<readonly string[]> {
  const { process, workspace } = await cluster.start(['--topology', 'analytics']);
  using reader = new LineReader(workspace.tcpPort);
  try {
    await eventually('lines', async () => reader.lines.length >= 300);
    await pause(pauseMs);
  } finally {
    await process.stop('SIGKILL');
  }
  return [...reader.lines];
}

describe.concurrent('processes killed with -9 at random all the time', () => {
  onServices('three processors on a standalone server', (services) => {
    it('store and count everything once; read again from the beginning, nothing changes', async () => {
      using cluster = new Cluster(services.kafka, services.mongo);
      await survive(cluster, 'processors');
    }, 900_000);
  });

  onServices('three processors of a thousand symbols', (services) => {
    it('store and count everything once, what waited packed as well', async () => {
      using cluster = new Cluster(services.kafka, services.mongo);
      await survive(cluster, 'processors of many symbols', 1000);
    }, 900_000);
  });

  onServices('those of analytics', (services) => {
    it('broadcast the VWAP that the topic says, the windows filled again after each start', async () => {
      using cluster = new Cluster(services.kafka, services.mongo);
      const ledger = await Ledger.open(cluster.address, 6);
      const chance = faultChance('analytics');
      const stop = new AbortController();
      await ledger.offer(2000);
      const offering = ledger.offerUntil(stop.signal, 300);
      try {
        const heard: (readonly string[])[] = [];
        for (let round = 0; round < sized({ full: 8, fast: 2 }); round++)
          heard.push(await listenAndKill(cluster, 1000 * chance.next()));
        stop.abort();
        await offering;
        await using view = await KafkaView.open(services.kafka);
        const oracle = new VwapOracle(await view.records(cluster.address.topic));
        for (const lines of heard) expect(oracle.differences(lines).slice(0, 3)).toEqual([]);
      } finally {
        stop.abort();
        await ledger.close();
      }
    }, 900_000);
  });

  if (!isFull) return;
  onOwnServices('three processors on a replica set', (services) => {
    it('store and count everything once; read again from the beginning, nothing changes', async () => {
      const mongo = await startMongo({ replicaSet: true });
      using cluster = new Cluster(services.kafka, mongo.address);
      try {
        await survive(cluster, 'processors on a replica set');
      } finally {
        await mongo.stop();
      }
    }, 900_000);
  });
});
