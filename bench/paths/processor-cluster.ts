import { randomName } from '../../test/support/services/services.ts';
import { type BacklogRun, workOff } from '../backlog.ts';
import { type Child, fdpRun, handLoop } from '../child.ts';
import { clusterPipeline, filledTopic, RunDatabase } from '../cluster.ts';
import { type Backlog, backlogLabel } from '../market.ts';
import type { Bench, Path } from '../path.ts';
import { type Servers, serverNames } from '../services.ts';
import { inTurns, type Row, type Side } from '../turns.ts';

/** The processor: a backlog in Kafka, with its metadata, into MongoDB. */
export const processorCluster: Path = {
  name: 'processor-cluster',
  async measure(bench) {
    const rows: Row[] = [];
    for (const backlog of backlogs(bench)) rows.push(await row(bench, backlog));
    return rows;
  },
};

/** Backlogs of one trade a message, and of five. */
export function backlogs({ sized }: Bench): readonly Backlog[] {
  const sizes = sized({ quick: [40_000, 10_000], normal: [150_000, 40_000], full: [1_000_000, 400_000] });
  return [1, 5].map((tradesEach, index) => ({ messages: sizes[index] ?? 0, tradesEach, symbols: 6 }));
}

async function row(bench: Bench, backlog: Backlog): Promise<Row> {
  const side = await clusterSides(bench, backlog);
  const [ours, theirs] = [side(platform), side(loop)];
  await ours.run(); // the servers warm up
  const sides = await inTurns(ours, theirs, bench.rounds);
  const work = backlogLabel(backlog);
  return { path: processorCluster.name, work, unit: 'trades/s', beside: 'kafkajs + insertMany', ...sides };
}

/** Fills a topic; returns what processes it, in one process or in several. */
export async function clusterSides(
  bench: Bench,
  backlog: Backlog,
): Promise<(start: Start, processes?: number) => Side> {
  const servers = await bench.services.servers();
  const one = { ...backlog, messages: 1 };
  const topics = { all: await filledTopic(servers, backlog), one: await filledTopic(servers, one) };
  return (start, processes = 1) => ({
    run: async () => {
      const profile = bench.profile(`${processorCluster.name}/${start.name}`);
      const at = { bench, servers, start, processes };
      await using database = await RunDatabase.open(servers.mongoUrl);
      await using other = await RunDatabase.open(servers.mongoUrl);
      return await workOff(
        runOf(at, backlog, { database, topic: topics.all, profile }),
        runOf(at, one, { database: other, topic: topics.one, profile: undefined }),
      );
    },
  });
}

interface At {
  readonly bench: Bench;
  readonly servers: Servers;
  readonly start: Start;
  readonly processes: number;
}

interface RunTarget {
  readonly topic: string;
  readonly database: RunDatabase;
  readonly profile: string | undefined;
}

type Start = (at: At, target: RunTarget) => () => Child;

function runOf(at: At, { messages, tradesEach }: Backlog, target: RunTarget): BacklogRun {
  const total = messages * tradesEach;
  return {
    total,
    servers: serverNames,
    start: async () => {
      const make = at.start(at, target);
      return Array.from({ length: at.processes }, make);
    },
    done: () => target.database.stored(total),
  };
}

/** The platform's processor. */
export function platform({ bench, servers }: At, { topic, database, profile }: RunTarget): () => Child {
  const pipeline = clusterPipeline(bench.folder, topic, database.name);
  const env = {
    FDP_PROFILE: 'cluster',
    FDP_DATA: bench.folder,
    KAFKA_BROKERS: servers.brokers,
    MONGODB_URL: servers.mongoUrl,
  };
  return () => fdpRun(['--pipeline', pipeline, '--topology', 'processor'], env, profile);
}

function loop({ servers }: At, { topic, database, profile }: RunTarget): () => Child {
  const env = {
    BROKERS: servers.brokers,
    TOPIC: topic,
    GROUP: randomName('loop'),
    MONGODB_URL: servers.mongoUrl,
    DATABASE: database.name,
  };
  return () => handLoop('kafka-to-mongodb', env, profile);
}
