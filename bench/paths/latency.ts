import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { freePort } from '../../test/support/cli/platform.ts';
import { type Child, fdpRun, handLoop } from '../child.ts';
import { clusterPipeline, filledTopic, RunDatabase } from '../cluster.ts';
import { emptyLog, RunFolder } from '../embedded.ts';
import { Feed, firstTime } from '../feed.ts';
import type { Bench, Path } from '../path.ts';
import { inTurns, type Row, type Sample } from '../turns.ts';
import { cpuSeconds, peakMiB } from '../usage.ts';

const tickMs = 10;
/** Left out at the beginning: the code is still being compiled then. */
const warmUpMs = 2000;

/** How often documents are counted, to which their latencies are rounded up, ms. */
const pollMs = 2;

/**
 * From a frame sent by the feed to its line at a TCP client and to its stored document, the whole platform in between;
 * by hand two processes do the same. The n-th document counts as that of the n-th trade.
 */
export const latency: Path = {
  name: 'latency',
  async measure(bench) {
    const rows: Row[] = [];
    for (const log of ['SQLite', 'Kafka'] as const)
      for (const rate of bench.sized({ quick: [1000], normal: [100, 1000, 5000], full: [100, 1000, 5000] })) {
        const side = (start: Start) => ({ run: () => run(bench, { log, rate, start }) });
        const sides = await inTurns(side(platform), side(loops), bench.rounds);
        const work = `${rate.toLocaleString('en')} trades/s through ${log}`;
        rows.push({ path: 'latency', work, unit: 'trades/s', beside: 'by hand', ...sides });
      }
    return rows;
  },
};

interface Case {
  readonly log: 'SQLite' | 'Kafka';
  readonly rate: number;
  readonly start: Start;
}

interface RunParts {
  readonly feed: Feed;
  readonly folder: string;
  readonly port: number;
  readonly log: Case['log'];
  readonly database: string;
}

type Start = (bench: Bench, parts: RunParts) => Promise<readonly Child[]>;

const platform: Start = async (bench, { feed, folder, port, log, database }) => {
  const env = {
    ...{ FDP_FEED: 'finnhub', FINNHUB_URL: feed.url, FINNHUB_TOKEN: 'bench' },
    ...{ FDP_DATA: folder, TCP_PORT: String(port), API_PORT: String(await freePort()) },
  };
  if (log === 'SQLite') return [fdpRun([], env, bench.profile('latency/fdp'))];
  const servers = await bench.services.servers();
  const topic = await filledTopic(servers, { messages: 0, tradesEach: 1, symbols: 6 });
  const pipeline = clusterPipeline(bench.folder, topic, database);
  const addresses = { FDP_PROFILE: 'cluster', KAFKA_BROKERS: servers.brokers, MONGODB_URL: servers.mongoUrl };
  return [fdpRun(['--pipeline', pipeline], { ...env, ...addresses }, bench.profile('latency-kafka/fdp'))];
};

/** One reads the feed, writes the log and broadcasts; the other stores the records of the log. */
const loops: Start = async (bench, { feed, folder, port, log, database }) => {
  const env = { FEED: feed.url, FOLDER: folder, PORT: String(port) };
  if (log === 'SQLite') {
    await emptyLog(folder);
    return [handLoop('ws-to-tcp', env), handLoop('sqlite-to-sqlite', env)];
  }
  const { brokers, mongoUrl } = await bench.services.servers();
  const topic = await filledTopic({ brokers, mongoUrl }, { messages: 0, tradesEach: 1, symbols: 6 });
  const addresses = { BROKERS: brokers, TOPIC: topic, GROUP: `${topic}-stored`, MONGODB_URL: mongoUrl };
  return [
    handLoop('ws-to-tcp', { ...env, ...addresses }),
    handLoop('kafka-to-mongodb', { ...addresses, DATABASE: database }),
  ];
};

async function run(bench: Bench, { log, rate, start }: Case): Promise<Sample> {
  const seconds = bench.sized({ quick: 3, normal: 4, full: 30 }) + warmUpMs / 1000;
  using folder = new RunFolder(bench.folder);
  await using database =
    log === 'Kafka' ? await RunDatabase.open((await bench.services.servers()).mongoUrl) : undefined;
  const feed = await Feed.open();
  const port = await freePort();
  const parts = { feed, folder: folder.path, port, log, database: database?.name ?? '' };
  const children = await start(bench, parts);
  try {
    await feed.subscribed();
    const size = Math.ceil(seconds * rate) + rate;
    const [lines, documents] = [new Float64Array(size), new Float64Array(size)];
    using client = await listener(port, lines);
    using watcher = watch(documents, async () => (database ?? folder).stored(Number.POSITIVE_INFINITY));
    const cpu = cpuOf(children);
    const sent = await sendAt(feed, rate, seconds);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const used = cpuOf(children) - cpu;
    for (const child of children) child.alive();
    client.alive();
    watcher.alive();
    const times = { ...figures('line', sent, lines, rate), ...figures('document', sent, documents, rate) };
    const peak = children.reduce((sum, { pid }) => sum + peakMiB(pid), 0);
    return { rate, times, cpuUs: (used / sent.length) * 1e6, peakMiB: peak };
  } finally {
    await Promise.all(children.map((child) => child.stop()));
    feed.close();
  }
}

function cpuOf(children: readonly Child[]): number {
  return children.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
}

/** Notes when each further trade was stored, until it is disposed of. */
function watch(arrivals: Float64Array, stored: () => Promise<number>): Disposable & { alive(): void } {
  let isOver = false;
  let failure: unknown;
  let seen = 0;
  const poll = async () => {
    while (!isOver) {
      const found = await stored();
      const at = performance.now();
      for (; seen < Math.min(found, arrivals.length); seen++) arrivals[seen] = at;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  };
  poll().catch((error) => {
    failure = error;
  });
  return {
    [Symbol.dispose]: () => {
      isOver = true;
    },
    alive: () => {
      if (failure !== undefined) throw failure;
    },
  };
}

/** Sends trades evenly, a few at once; returns when each was sent. */
async function sendAt(feed: Feed, rate: number, seconds: number): Promise<readonly number[]> {
  const sent: number[] = [];
  const since = performance.now();
  while (performance.now() - since < seconds * 1000) {
    const due = Math.floor(((performance.now() - since) / 1000) * rate) - sent.length;
    if (due > 0) {
      feed.send(sent.length, due);
      const at = performance.now();
      for (let number = 0; number < due; number++) sent.push(at);
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  return sent;
}

/** Notes when the line of each trade arrived: its number is in its time. */
async function listener(port: number, arrivals: Float64Array): Promise<Disposable & { alive(): void }> {
  const socket: Socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let rest = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    const at = performance.now();
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const number = Date.parse(line.slice(9, 33)) - firstTime;
      if (number >= 0 && number < arrivals.length) arrivals[number] = at;
    }
  });
  return {
    [Symbol.dispose]: () => void socket.destroy(),
    alive: () => {
      if (socket.destroyed) throw new Error('the TCP connection was closed');
    },
  };
}

function figures(
  what: string,
  sent: readonly number[],
  arrivals: Float64Array,
  rate: number,
): Readonly<Record<string, number>> {
  const took = sent
    .map((at, number) => (arrivals[number] ?? 0) - at)
    .slice(Math.floor((warmUpMs / 1000) * rate))
    .map((ms) => (ms < 0 ? Number.POSITIVE_INFINITY : ms))
    .sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? Number.NaN;
  const shares = { p50: 0.5, p99: 0.99, 'p99.9': 0.999 };
  return Object.fromEntries(Object.entries(shares).map(([name, share]) => [`${what} ${name} ms`, at(share)]));
}
