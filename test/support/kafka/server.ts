import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { freePort } from '../cli/platform.ts';
import { type Certificates, makeCertificates } from './certificates.ts';

export interface KafkaOptions {
  /** Adds listeners SASL_PLAINTEXT, SASL_SSL and SSL (with client certificates), and ACLs: user `nobody` has none. */
  readonly secure?: boolean;
  /** Returns the port at which clients find the open listener, given its own: a proxy may be in between. */
  advertise?(port: number): Promise<number>;
  /** Further settings of the broker. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** What a secured broker has in addition to its open listener. */
export interface Secure {
  readonly sasl: string;
  readonly saslTls: string;
  readonly tls: string;
  readonly certificates: Certificates;
  readonly username: string;
  /** A user that may log in but has no rights. */
  readonly powerless: string;
  readonly password: string;
}

/** A broker's settings in its own folder. */
export interface KafkaSetup {
  readonly folder: string;
  readonly address: string;
  readonly ports: readonly number[];
  readonly secure: Secure | undefined;
  ready(): Promise<void>;
}

const host = '127.0.0.1';
const mechanisms = 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512';
const user = { username: 'fdp', powerless: 'nobody', password: 'correct horse' };

/** Where the broker runs, if not directly on this machine. */
interface KafkaHost {
  /** The address that it listens on; clients use 127.0.0.1 in any case. */
  readonly bind?: string;
  /** Its data folder. */
  readonly data?: string;
}

/** Writes `server.properties`. */
export async function setUpKafka(options: KafkaOptions, { bind = host, data }: KafkaHost): Promise<KafkaSetup> {
  const { secure, properties, advertise } = options;
  const folder = mkdtempSync(join(tmpdir(), 'fdp-kafka-'));
  const names = secure ? ['PLAINTEXT', 'SASL_PLAINTEXT', 'SASL_SSL', 'SSL'] : ['PLAINTEXT'];
  const ports: number[] = [];
  for (const _ of ['CONTROLLER', ...names]) ports.push(await freePort());
  const [controller = 0, ...open] = ports;
  const shown = [...open];
  if (advertise) shown[0] = await advertise(open[0] ?? 0);
  const at = (address: string, through: readonly number[]) =>
    names.map((name, index) => `${name}://${address}:${through[index]}`).join(',');
  const certificates = secure ? makeCertificates(folder) : undefined;
  const settings = {
    ...plain(controller, names),
    listeners: `${at(bind, open)},CONTROLLER://${host}:${controller}`,
    'advertised.listeners': at(host, shown),
    'log.dirs': data ?? join(folder, 'data'),
    ...(certificates ? secured(certificates) : {}),
    ...properties,
  };
  const text = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(folder, 'server.properties'), text.join(''));
  const address = `${host}:${shown[0]}`;
  const [, sasl, saslTls, tls] = open.map((port) => `${host}:${port}`);
  return {
    folder,
    address,
    ports: open,
    secure: certificates && sasl && saslTls && tls ? { sasl, saslTls, tls, certificates, ...user } : undefined,
    ready: () => answers(address),
  };
}

/** Arguments of Kafka's storage tool for the users of a secured broker. */
export function usersOf({ secure }: KafkaSetup): readonly string[] {
  if (!secure) return [];
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) =>
    [user.username, user.powerless].flatMap((name) => [
      '--add-scram',
      `${mechanism}=[name=${name},password=${user.password}]`,
    ]),
  );
}

/** Formats the data folder: as Kafka's tool does it, which only the users of a secured broker are worth starting for. */
export function formatKafka(classPath: string, setup: KafkaSetup): void {
  if (!setup.secure) {
    const data = join(setup.folder, 'data');
    mkdirSync(data);
    const ids = `cluster.id=${clusterId()}\ndirectory.id=${clusterId()}\n`;
    writeFileSync(join(data, 'meta.properties'), `version=1\nnode.id=1\n${ids}`);
    return;
  }
  const file = join(setup.folder, 'server.properties');
  const tool = ['-cp', classPath, 'kafka.tools.StorageTool'];
  execFileSync('java', [...tool, 'format', '-t', clusterId(), '-c', file, ...usersOf(setup)], { stdio: 'pipe' });
}

/** A cluster id like those of Kafka's own tool. A leading `-` would be taken for an option. */
export function clusterId(): string {
  return randomBytes(16).toString('base64url').replace(/^-/, 'A');
}

async function answers(address: string): Promise<void> {
  const kafka = new Kafka({
    brokers: [address],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    requestTimeout: 5000,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    await admin.describeCluster();
  } finally {
    await admin.disconnect();
  }
}

function plain(controller: number, names: readonly string[]): Record<string, string> {
  const one = ['offsets.topic', 'transaction.state.log', 'share.coordinator.state.topic'];
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${host}:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': ['CONTROLLER:PLAINTEXT', ...names.map((name) => `${name}:${name}`)].join(','),
    ...Object.fromEntries(one.map((name) => [`${name}.replication.factor`, '1'])),
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'offsets.topic.num.partitions': '3',
    'transaction.state.log.num.partitions': '3',
    'group.initial.rebalance.delay.ms': '0',
    'log.cleaner.dedupe.buffer.size': '4194304',
    'num.network.threads': '2',
    'num.io.threads': '4',
  };
}

function secured({ ca, server }: Certificates): Record<string, string> {
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const users = [user.username, user.powerless].map((name) => `user_${name}="${user.password}"`).join(' ');
  const plainLogin = `org.apache.kafka.common.security.plain.PlainLoginModule required ${users};`;
  const jaas = ['sasl_plaintext', 'sasl_ssl'].flatMap((name) => [
    [`listener.name.${name}.plain.sasl.jaas.config`, plainLogin],
    [`listener.name.${name}.scram-sha-256.sasl.jaas.config`, scram],
    [`listener.name.${name}.scram-sha-512.sasl.jaas.config`, scram],
  ]);
  return {
    'sasl.enabled.mechanisms': mechanisms,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': server,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': ca,
    'listener.name.ssl.ssl.client.auth': 'required',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:ANONYMOUS;User:${user.username};User:CN=client`,
    ...Object.fromEntries(jaas),
  };
}
