import { Kafka, logLevel } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Cluster, type Edit } from '../support/cli/cluster.ts';
import { faultChance, pause, sized } from '../support/cli/faults.ts';
import { figure, parseMetrics } from '../support/cli/metrics.ts';
import { eventually } from '../support/cli/platform.ts';
import { Watched } from '../support/cli/watched.ts';
import { auditOf, brokerProperties, ExchangeLoad, untilWhole } from '../support/kafka/exchange-load.ts';
import { Ledger } from '../support/kafka/ledger.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type Service, startKafka, startMongo } from '../support/services/services.ts';
import { NumberedExchange } from '../support/sockets/numbered-exchange.ts';

const partitions = 6;
/** The mock as fast as it may be, beside a ledger that offers what the log takes. */
const busy: Edit = ['rate: 50/s', 'rate: 500/s'];
const symbols = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'];
/** Trades that wait in the log when a server goes: more than a processor works off before it is away. */
const backlog = sized({ full: 60_000, fast: 30_000 });
const all = 'ingestor,processor,analytics,api';

/** How many messages of each lane were stored although their position is not committed: they are read again. */
async function readAgain({ address, group }: Cluster): Promise<readonly number[]> {
  const admin = new Kafka({ brokers: [address.brokers], logLevel: logLevel.NOTHING }).admin();
  const mongo = await new MongoClient(address.url).connect();
  try {
    await admin.connect();
    const [topic] = await admin.fetchOffsets({ groupId: group, topics: [address.topic] });
    const committed = new Map(topic?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    const stored = mongo.db(address.database).collection('finnhub_trades').find().project({ message_key: 1 });
    const again = new Map<number, Set<number>>();
    for await (const { message_key: key } of stored) {
      const [, partition = 0, offset = 0] = (/-(\d+)-(\d+)--/.exec(key) ?? []).map(Number);
      if (offset >= (committed.get(partition) ?? 0))
        again.set(partition, (again.get(partition) ?? new Set()).add(offset));
    }
    return [...again.values()].map(({ size }) => size);
  } finally {
    await Promise.all([admin.disconnect(), mongo.close()]);
  }
}

/** Messages that a topology has delivered; 0 while it does not say. */
async function delivered(platform: Watched, topology = 'processor'): Promise<number> {
  const metrics = await platform.metrics();
  return metrics === undefined ? 0 : figure(parseMetrics(metrics), 'fdp_messages_delivered_total', { topology });
}

onOwnServices('a stop', () => {
  vi.setConfig({ testTimeout: sized({ full: 600_000, fast: 120_000 }) });
  const chance = faultChance('a stop');
  let kafka: Service;
  let mongod: Service;
  beforeAll(async () => {
    [kafka, mongod] = await Promise.all([startKafka({ properties: brokerProperties }), startMongo()]);
  });
  afterAll(() => Promise.all([kafka, mongod].map((server) => server?.stop())));

  it('under full load ends with 0 and everything committed that was stored, time and again', async () => {
    using cluster = new Cluster(kafka.address, mongod.address, busy);
    const ledger = await Ledger.open(cluster.address, partitions);
    const offered = new AbortController();
    await ledger.offer(sized({ full: 200_000, fast: 20_000 }));
    const offering = ledger.offerUntil(offered.signal, sized({ full: 2000, fast: 500 }));
    try {
      for (let round = 0; round < sized({ full: 10, fast: 2 }); round++) {
        await using platform = await Watched.start(cluster, all);
        await eventually('trades are being stored', async () => (await delivered(platform)) > 0);
        await pause(1000 * chance.next());
        expect(await platform.process.stop('SIGTERM'), platform.process.output).toBe(0);
        // Less than the batch a lane that may be: a clean stop commits all that it has stored.
        expect(await readAgain(cluster)).toEqual([]);
      }
      offered.abort();
      await offering;
      await using last = await cluster.processor();
      await cluster.settled(ledger, 300_000);
      expect(await last.stop('SIGTERM')).toBe(0);
      expect(await readAgain(cluster)).toEqual([]);
    } finally {
      offered.abort();
      await offering;
      await ledger.close();
    }
  });

  const servers = { kafka: () => kafka, mongod: () => mongod };
  const absences = (['mongod', 'kafka'] as const)
    .flatMap((server) => (['kill', 'pause'] as const).map((way) => ({ server, way })))
    .slice(0, sized({ full: 4, fast: 1 }));
  it.each(absences)('while $server is away ($way) is forced, says what it left, and loses nothing', async (fault) => {
    using cluster = new Cluster(kafka.address, mongod.address);
    const ledger = await Ledger.open(cluster.address, partitions);
    await ledger.offer(backlog);
    await using exchange = await NumberedExchange.open(symbols, backlog);
    const feed = { FDP_FEED: 'finnhub', FINNHUB_URL: exchange.url, FINNHUB_TOKEN: 'key' };
    await using platform = await Watched.start(cluster, all, feed);
    await exchange.subscribed();
    const load = new ExchangeLoad(exchange, 100);
    const server = servers[fault.server]();
    try {
      await eventually('trades are being stored', async () => (await delivered(platform)) > 0);
      await server[fault.way]();
      await platform.red();
      await load.end();
      // What the ingestor delivers beside the frames are messages of gaps: it has kept all once it delivers no more.
      let kept = -1;
      await eventually('frames are kept', async () => {
        const before = kept;
        kept = await delivered(platform, 'ingestor');
        if (kept === before && kept >= load.frames) return true;
        await pause(1000);
        return false;
      });
      expect(await platform.process.stop('SIGTERM'), platform.process.output).toBe(3);
      const logged = platform.lines.map(({ msg }) => msg);
      const left = /^forced: processor\/\w+ left \d+ messages unfinished, .* will be read again$/;
      expect(logged).toContainEqual(expect.stringMatching(left));
      expect(logged).not.toContainEqual(expect.stringContaining('forced: ingestor'));
      await (fault.way === 'pause' ? server.resume() : server.restart());
      await using after = await Watched.start(cluster, 'ingestor,processor', feed);
      await untilWhole(cluster.address, exchange, ledger.acknowledged).catch(async () => {
        expect(await auditOf(cluster.address, exchange, ledger.acknowledged)).toEqual([]);
      });
      expect(ledger.acknowledged.size).toBe(backlog);
      expect(await after.process.stop('SIGTERM'), after.process.output).toBe(0);
    } finally {
      await load.end();
      await ledger.close();
    }
  });
});
