import { Kafka, logLevel } from 'kafkajs';
import { pipelineCopy } from '../../test/support/cli/pipeline-copy.ts';
import { randomName } from '../../test/support/services/services.ts';
import { type Child, fdpRun, handLoop } from '../child.ts';
import { clusterPipeline, filledTopic } from '../cluster.ts';
import { emptyLog, RunFolder, recordsIn } from '../embedded.ts';
import { Feed } from '../feed.ts';
import type { Bench, Path } from '../path.ts';
import { serverNames } from '../services.ts';
import { inTurns, type Row, type Sample } from '../turns.ts';
import { childNamed, cpuSeconds, peakMiB } from '../usage.ts';

const tradesEach = 5;
const batch = '500';
/** Nothing is dropped here: the feed waits for its reader. */
const pause = ['symbols: &symbols', 'queue: { when_full: pause }\n    symbols: &symbols'] as const;

/** Frames from a local WebSocket server into the log. */
export const ingestor: Path = {
  name: 'ingestor',
  async measure(bench) {
    const frames = bench.sized({ quick: 20_000, normal: 100_000, full: 1_000_000 });
    const rows: Row[] = [];
    for (const [log, sides] of [
      ['Kafka', { ours: intoKafka(true), theirs: intoKafka(false) }],
      ['the SQLite log', { ours: intoFile(true), theirs: intoFile(false) }],
    ] as const) {
      const side = (run: Run) => ({ run: () => run(bench, frames) });
      const both = await inTurns(side(sides.ours), side(sides.theirs), bench.rounds);
      const work = `${frames.toLocaleString('en')} frames of ${tradesEach} trades into ${log}`;
      rows.push({ path: 'ingestor', work, unit: 'frames/s', beside: 'ws, by hand', ...both });
    }
    return rows;
  },
};

type Run = (bench: Bench, frames: number) => Promise<Sample>;

function intoKafka(isOurs: boolean): Run {
  return async (bench, frames) => {
    const servers = await bench.services.servers();
    const topic = await filledTopic(servers, { messages: 0, tradesEach, symbols: 6 });
    const admin = new Kafka({ brokers: [servers.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const stored = async () => (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
    const start = (feed: Feed) => {
      if (!isOurs) {
        const env = { BROKERS: servers.brokers, TOPIC: topic, FEED: feed.url, BATCH: batch };
        return handLoop('ws-to-kafka', env, bench.profile('ingestor/loop'));
      }
      const pipeline = clusterPipeline(bench.folder, topic, randomName('none'), pause);
      const env = { ...feedEnv(feed), FDP_PROFILE: 'cluster', FDP_DATA: `${bench.folder}/${randomName('data')}` };
      const addresses = { KAFKA_BROKERS: servers.brokers, MONGODB_URL: servers.mongoUrl };
      return fdpRun(
        ['--pipeline', pipeline, '--topology', 'ingestor'],
        { ...env, ...addresses },
        bench.profile('ingestor/fdp'),
      );
    };
    try {
      return await ingest(start, frames, stored);
    } finally {
      await admin.disconnect();
    }
  };
}

function intoFile(isOurs: boolean): Run {
  return async (bench, frames) => {
    using folder = new RunFolder(bench.folder);
    await emptyLog(folder.path);
    const start = (feed: Feed) => {
      const env = { FOLDER: folder.path, FEED: feed.url, BATCH: batch };
      if (!isOurs) return handLoop('ws-to-sqlite', env, bench.profile('ingestor-file/loop'));
      const pipeline = pipelineCopy(`${bench.folder}/${randomName('copy')}`, pause);
      const args = ['--pipeline', pipeline, '--topology', 'ingestor'];
      return fdpRun(args, { ...feedEnv(feed), FDP_DATA: folder.path }, bench.profile('ingestor-file/fdp'));
    };
    return await ingest(start, frames, async () => recordsIn(folder.path));
  };
}

function feedEnv(feed: Feed): Readonly<Record<string, string>> {
  return { FDP_FEED: 'finnhub', FINNHUB_URL: feed.url, FINNHUB_TOKEN: 'bench' };
}

/** From the first frame sent until the log holds them all. */
async function ingest(start: (feed: Feed) => Child, frames: number, stored: () => Promise<number>): Promise<Sample> {
  const feed = await Feed.open();
  const child = start(feed);
  try {
    await feed.subscribed();
    const pids = serverNames.map((name) => [name, childNamed(name)] as const);
    const before = new Map(pids.map(([name, pid]) => [name, cpuSeconds(pid)]));
    const [since, cpu] = [performance.now(), cpuSeconds(child.pid)];
    await feed.flood(frames, tradesEach);
    while ((await stored()) < frames) {
      child.alive();
      if (performance.now() - since > 300_000) throw new Error(`${await stored()} of ${frames}:\n${child.output}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const each = (seconds: number) => (seconds / frames) * 1e6;
    const servers = pids.map(([name, pid]) => [
      name,
      { cpuUs: each(cpuSeconds(pid) - (before.get(name) ?? 0)), peakMiB: peakMiB(pid) },
    ]);
    return {
      rate: (frames / (performance.now() - since)) * 1000,
      cpuUs: each(cpuSeconds(child.pid) - cpu),
      peakMiB: peakMiB(child.pid),
      servers: Object.fromEntries(servers),
    };
  } finally {
    await child.stop();
    feed.close();
  }
}
