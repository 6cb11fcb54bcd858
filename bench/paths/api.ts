import autocannon from 'autocannon';
import { Decimal128, Long, MongoClient, ObjectId } from 'mongodb';
import { freePort } from '../../test/support/cli/platform.ts';
import { randomName } from '../../test/support/services/services.ts';
import { type Child, fdpRun, handLoop } from '../child.ts';
import { clusterPipeline } from '../cluster.ts';
import { symbolNames } from '../market.ts';
import type { Bench, Path } from '../path.ts';
import type { Servers } from '../services.ts';
import { inTurns, type Row, type Sample } from '../turns.ts';
import { cpuSeconds, peakMiB } from '../usage.ts';

const connections = 50;
const firstTime = Date.UTC(2025, 10, 20, 14, 30);

/** The API over many stored trades, beside bare express and driver with the same queries. */
export const api: Path = {
  name: 'api',
  async measure(bench) {
    const servers = await bench.services.servers();
    const trades = bench.sized({ quick: 100_000, normal: 1_000_000, full: 10_000_000 });
    const database = randomName('bench');
    await seed(servers, database, trades);
    const [ours, theirs] = [await platform(bench, servers, database), await byHand(bench, servers, database)];
    const rows: Row[] = [];
    try {
      for (const [name, path] of pages(trades)) {
        const side = (server: Server) => ({
          run: () => load(server, path, bench.sized({ quick: 4, normal: 8, full: 20 })),
        });
        await side(ours).run();
        await side(theirs).run();
        const sides = await inTurns(side(ours), side(theirs), bench.rounds);
        const work = `${name}, ${trades.toLocaleString('en')} trades`;
        rows.push({ path: 'api', work, unit: 'requests/s', beside: 'express + driver', ...sides });
      }
    } finally {
      await Promise.all([ours.child.stop(), theirs.child.stop()]);
    }
    return rows;
  },
};

interface Server {
  readonly child: Child;
  readonly port: number;
}

function pages(trades: number): readonly (readonly [string, string])[] {
  const nearEnd = firstTime + Math.floor(trades / 100);
  return [
    ['page 1', '/api/v1/trades/AAPL?limit=15'],
    ['a page near the end', `/api/v1/trades/AAPL?limit=15&before=${nearEnd}`],
    ['symbols', '/api/v1/symbols'],
  ];
}

async function seed({ mongoUrl }: Servers, database: string, trades: number): Promise<void> {
  const client = await new MongoClient(mongoUrl).connect();
  const db = client.db(database);
  const names = symbolNames(6);
  await db.collection('finnhub_trades').createIndex({ message_key: 1 }, { unique: true });
  await db.collection('finnhub_trades').createIndex({ symbol: 1, time: -1, _id: -1 });
  const price = Decimal128.fromString('196.38');
  for (let start = 0; start < trades; start += 20_000) {
    const documents = Array.from({ length: Math.min(20_000, trades - start) }, (_unused, index) => {
      const [number, symbol] = [start + index, names[(start + index) % names.length] ?? ''];
      const source = { l: `x/y/${number % 6}`, o: Long.fromNumber(number), i: 0 };
      const time = new Date(firstTime + number);
      return { message_key: `k-${number}`, symbol, price, time, volume: price, _id: new ObjectId(), _src: source };
    });
    await db.collection('finnhub_trades').insertMany(documents, { ordered: false });
  }
  const symbols = names.map((symbol) => ({ symbol, tradeCount: Long.fromNumber(trades / 6), lastTradeAt: new Date() }));
  await db.collection('symbols').insertMany(symbols);
  await db.collection('symbols').createIndex({ symbol: 1 }, { unique: true });
  await client.close();
}

async function platform(bench: Bench, servers: Servers, database: string): Promise<Server> {
  const port = await freePort();
  const pipeline = clusterPipeline(bench.folder, randomName('none'), database);
  const env = {
    FDP_PROFILE: 'cluster',
    FDP_DATA: bench.folder,
    KAFKA_BROKERS: servers.brokers,
    MONGODB_URL: servers.mongoUrl,
    API_PORT: String(port),
  };
  return answering({
    child: fdpRun(['--pipeline', pipeline, '--topology', 'api'], env, bench.profile('api/fdp')),
    port,
  });
}

async function byHand(bench: Bench, { mongoUrl }: Servers, database: string): Promise<Server> {
  const port = await freePort();
  const env = { MONGODB_URL: mongoUrl, DATABASE: database, PORT: String(port) };
  return answering({ child: handLoop('express-api', env, bench.profile('api/loop')), port });
}

async function answering(server: Server): Promise<Server> {
  for (let attempt = 0; attempt < 200; attempt++) {
    server.child.alive();
    const ok = await fetch(`http://127.0.0.1:${server.port}/api/v1/symbols`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return server;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`no answer:\n${server.child.output}`);
}

async function load({ child, port }: Server, path: string, seconds: number): Promise<Sample> {
  const before = cpuSeconds(child.pid);
  const result = await autocannon({ url: `http://127.0.0.1:${port}${path}`, connections, duration: seconds });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${path}: ${result.non2xx + result.errors} bad replies`);
  return {
    rate: result.requests.average,
    cpuUs: ((cpuSeconds(child.pid) - before) / result.requests.total) * 1e6,
    peakMiB: peakMiB(child.pid),
    times: { 'p50 ms': result.latency.p50, 'p99 ms': result.latency.p99 },
  };
}
