import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../cli/platform.ts';
import {
  clusterId,
  formatKafka,
  type KafkaOptions,
  type KafkaSetup,
  type Secure,
  setUpKafka,
  usersOf,
} from '../kafka/server.ts';
import { mongoAnswers, mongoUrl } from '../mongo/server.ts';
import { kafkaLibraries, mongodBinary } from './binaries.ts';
import { dockerAnswers, startContainer } from './containers.ts';
import { type Service, startProcess } from './process.ts';

export type { KafkaOptions, Secure } from '../kafka/server.ts';
export type { Service } from './process.ts';

/**
 * How tests start servers of their own: from binaries in `.cache/` if they can be downloaded, otherwise in containers;
 * with FDP_TEST_SERVERS=docker, containers are tried first.
 */
export type Means = { readonly by: 'docker' | 'binaries' } | { readonly by: undefined; readonly why: string };

/** Tests must not touch the database that people use. */
const productionDatabase = 'financialDataDatabase';

let chosen: Promise<Means> | undefined;

/** Finds out once how servers can be started here; downloads the binaries if they are used. */
export function means(): Promise<Means> {
  chosen ??= findMeans();
  return chosen;
}

async function findMeans(): Promise<Means> {
  const asked = process.env['FDP_TEST_SERVERS'] === 'docker';
  if (asked && (await dockerAnswers())) return { by: 'docker' };
  try {
    execFileSync('java', ['-version'], { stdio: 'pipe' });
    await mongodBinary();
    await kafkaLibraries();
    return { by: 'binaries' };
  } catch (error) {
    if (await dockerAnswers()) return { by: 'docker' };
    return { by: undefined, why: `no Docker daemon answers, and ${String(error).split('\n')[0]}` };
  }
}

export type KafkaService = Service & {
  readonly secure: Secure | undefined;
  /** The class path of Kafka's own tools; only if started from binaries. */
  readonly classPath: string | undefined;
  /** The folder of its data, to be copied or restored while it is stopped; only if started from binaries. */
  readonly data: string | undefined;
};

/** Starts a Kafka broker on free ports, with its data in a temporary folder. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaService> {
  const how = await means();
  if (how.by === undefined) throw new Error(how.why);
  const inDocker = { bind: '0.0.0.0', data: '/var/lib/kafka/data' };
  const setup = await setUpKafka(options, how.by === 'docker' ? inDocker : {});
  if (how.by === 'docker')
    return { ...(await kafkaInDocker(setup)), secure: setup.secure, classPath: undefined, data: undefined };
  const classPath = await kafkaLibraries();
  formatKafka(classPath, setup);
  const { folder, address, ready, secure } = setup;
  const flags = ['-Xms128m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classPath];
  const args = [...flags, 'kafka.Kafka', join(folder, 'server.properties')];
  return {
    ...(await startProcess({ name: 'kafka', address, command: 'java', args, folder, ready })),
    secure,
    classPath,
    data: join(folder, 'data'),
  };
}

/** Formats and starts the broker with Kafka's scripts, so that a secured broker gets its users, as with binaries. */
async function kafkaInDocker(setup: KafkaSetup): Promise<Service> {
  const { folder, address, ports, ready } = setup;
  chmodSync(folder, 0o755); // the container has another user
  const [tool, server] = ['storage', 'server-start'].map((name) => `/opt/kafka/bin/kafka-${name}.sh`);
  const file = join(folder, 'server.properties');
  const format = `${tool} format --ignore-formatted -t ${clusterId()} -c ${file} "$@"`;
  return startContainer({
    image: 'apache/kafka:4.1.0',
    address,
    ports,
    command: ['bash', '-c', `${format} && exec ${server} ${file}`, 'kafka', ...usersOf(setup)],
    mounts: [folder],
    ready,
    removed: () => rmSync(folder, { recursive: true, force: true }),
  });
}

export interface MongoOptions {
  /** A replica set of one member; by default a standalone server. */
  readonly replicaSet?: boolean;
  /** Further arguments of mongod. With `--auth`, the first user is created over the server's own loopback. */
  readonly args?: readonly string[];
  /** Files that the arguments refer to. */
  readonly files?: readonly string[];
}

/** Starts a mongod on a free port, with its data in a temporary folder. */
export async function startMongo(options: MongoOptions = {}): Promise<Service> {
  const { replicaSet = false, args: more = [], files: mounts = [] } = options;
  const how = await means();
  if (how.by === undefined) throw new Error(how.why);
  const port = await freePort();
  const address = mongoUrl(port, replicaSet);
  const ready = () => mongoAnswers(port, replicaSet);
  const set = replicaSet ? ['--replSet', 'rs0'] : [];
  const common = ['--port', String(port), '--bind_ip', how.by === 'docker' ? '0.0.0.0' : '127.0.0.1', ...set, ...more];
  if (how.by === 'docker') {
    const command = ['mongod', ...common];
    const sharesNetwork = more.includes('--auth');
    const given = { image: 'mongo:6.0', address, ports: [port], command, mounts, sharesNetwork };
    return startContainer({ ...given, ready, removed: () => {} });
  }
  const folder = mkdtempSync(join(tmpdir(), 'fdp-mongod-'));
  const args = ['--dbpath', folder, '--wiredTigerCacheSizeGB', '0.25', '--nounixsocket', ...common];
  return startProcess({ name: 'mongod', address, command: await mongodBinary(), args, folder, ready });
}

/** A name that no other test has, for a topic, group, collection or database. */
export function randomName(prefix = 'test'): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

/**
 * The server's URL with a database in its path.
 * @throws if it is the database that people use
 */
export function databaseUrl(url: string, database: string): string {
  if (database === productionDatabase || new URL(url).pathname === `/${productionDatabase}`)
    throw new Error(`${productionDatabase} is no database for tests`);
  const made = new URL(url);
  made.pathname = `/${database}`;
  return made.href;
}
