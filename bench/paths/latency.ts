import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { freePort } from '../../test/support/platform.ts';
import { randomName } from '../../test/support/services.ts';
import { type Child, fdpRun, handLoop } from '../child.ts';
import { clusterPipeline, filledTopic } from '../cluster.ts';
import { RunFolder } from '../embedded.ts';
import { Feed, firstTime } from '../feed.ts';
import type { Bench, Path } from '../path.ts';
import { inTurns, type Row, type Sample } from '../turns.ts';
import { cpuSeconds, peakMiB } from '../usage.ts';

const tickMs = 10;
/** Left out at the beginning: the code is still being compiled then. */
const warmUpMs = 2000;

/** From a frame sent by the feed to its line at a TCP client, the whole platform in between. */
export const latency: Path = {
  name: 'latency',
  async measure(bench) {
    const rows: Row[] = [];
    for (const log of ['SQLite', 'Kafka'] as const)
      for (const rate of bench.sized({ quick: [1000], normal: [100, 1000, 5000], full: [100, 1000, 5000] })) {
        const side = (start: Start) => ({ run: () => run(bench, { log, rate, start }) });
        const sides = await inTurns(side(platform), side(loop), bench.rounds);
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

interface Places {
  readonly feed: Feed;
  readonly folder: string;
  readonly port: number;
  readonly log: Case['log'];
}

type Start = (bench: Bench, places: Places) => Promise<Child>;

const platform: Start = async (bench, { feed, folder, port, log }) => {
  const env = {
    ...{ FDP_FEED: 'finnhub', FINNHUB_URL: feed.url, FINNHUB_TOKEN: 'bench' },
    ...{ FDP_DATA: folder, TCP_PORT: String(port), API_PORT: String(await freePort()) },
  };
  if (log === 'SQLite') return fdpRun([], env, bench.profile('latency/fdp'));
  const servers = await bench.services.servers();
  const topic = await filledTopic(servers, { messages: 0, tradesEach: 1, symbols: 6 });
  const pipeline = clusterPipeline(bench.folder, topic, randomName('bench'));
  const places = { FDP_PROFILE: 'cluster', KAFKA_BROKERS: servers.brokers, MONGODB_URL: servers.mongoUrl };
  return fdpRun(['--pipeline', pipeline], { ...env, ...places }, bench.profile('latency-kafka/fdp'));
};

const loop: Start = async (bench, { feed, folder, port, log }) => {
  const env = { FEED: feed.url, FOLDER: folder, PORT: String(port) };
  if (log === 'SQLite') return handLoop('ws-to-tcp', env);
  const servers = await bench.services.servers();
  const topic = await filledTopic(servers, { messages: 0, tradesEach: 1, symbols: 6 });
  return handLoop('ws-to-tcp', { ...env, BROKERS: servers.brokers, TOPIC: topic });
};

async function run(bench: Bench, { log, rate, start }: Case): Promise<Sample> {
  const seconds = bench.sized({ quick: 3, normal: 8, full: 30 }) + warmUpMs / 1000;
  using folder = new RunFolder(bench.folder);
  const feed = await Feed.open();
  const port = await freePort();
  const child = await start(bench, { feed, folder: folder.path, port, log });
  try {
    await feed.subscribed();
    const arrivals = new Float64Array(Math.ceil(seconds * rate) + rate);
    using client = await listener(port, arrivals);
    const cpu = cpuSeconds(child.pid);
    const sent = await sendAt(feed, rate, seconds);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const used = cpuSeconds(child.pid) - cpu;
    child.alive();
    client.alive();
    return { ...figures(sent, arrivals, rate), cpuUs: (used / sent.length) * 1e6, peakMiB: peakMiB(child.pid) };
  } finally {
    await child.stop();
    feed.close();
  }
}

/** Sends trades evenly, a few at once; gives when each was sent. */
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

/** Notes when the line of each trade came: its number is in its time. */
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

function figures(sent: readonly number[], arrivals: Float64Array, rate: number): Sample {
  const took = sent
    .map((at, number) => (arrivals[number] ?? 0) - at)
    .slice(Math.floor((warmUpMs / 1000) * rate))
    .map((ms) => (ms < 0 ? Number.POSITIVE_INFINITY : ms))
    .sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? Number.NaN;
  return { rate, times: { 'p50 ms': at(0.5), 'p99 ms': at(0.99), 'p99.9 ms': at(0.999) } };
}
