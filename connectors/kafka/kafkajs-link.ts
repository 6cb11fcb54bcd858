import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { errorText, FdpError } from '../../src/errors.ts';
import { type Clock, endedWithin } from '../../src/kit/clock.ts';
import type { Logger } from '../../src/kit/environment.ts';
import type { Proven } from '../../src/kit/proven.ts';
import {
  type Broker,
  type Cluster,
  type Kafkajs,
  type LogEntry,
  loadKafkajs,
  type SocketGiven,
} from './kafkajs-internals.ts';

/** One request may take this long, ms. */
export const requestMs = 10_000;
/** The version of Fetch that is sent: Kafka 2.3 and newer. */
const fetchVersion = 11;
const fetchKey = 1;
const connectMs = 3000;
/** Limit for connecting, including the logins, which have no limit of their own. */
const reachMs = 15_000;
const closeMs = 1500;
/** Topics and their leaders are fetched again after so long, ms. */
export const metadataMs = 60_000;
/** Each broker of the list is tried about once: the caller decides about retries, and can stop. */
const retry = { initialRetryTime: 50, maxRetryTime: 500 };
/** The numbers of the APIs that are used, checked at the start. */
const used = [0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 19, 22, 32];

export interface ClientOptions {
  /** The connector's name, for messages. */
  readonly name: string;
  readonly topic: string;
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** The largest decompressed batch, bytes. */
  readonly unpackedBytes?: number;
  /** Paths of PEM files. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly server_name?: string };
  readonly sasl?: { readonly mechanism: string; readonly username: string; readonly password: string };
  /** What has worked with this connector in this process. */
  readonly proven: Proven;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The connections of one client: made at the first use, dropped and made again at will. */
export class Link {
  readonly kafkajs: Kafkajs = loadKafkajs();
  /** The API versions of the brokers, once one was reached. */
  versions: Broker['versions'] = null;
  /** Whether new connections begin by fetching the leaders of the topic's partitions. */
  wantsLeaders = false;
  /** The cluster as it is known now, without waiting for it. */
  known: Cluster | undefined;
  readonly #options: ClientOptions;
  readonly #sockets = new Set<Socket>();
  #cluster: Promise<Cluster> | undefined;
  #closed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** @throws FDP_CLOSED after `close`, FDP_TIMEOUT when no broker responds in time */
  async cluster(): Promise<Cluster> {
    if (this.#closed) throw new FdpError('FDP_CLOSED', `${this.#options.name}: closed`);
    this.#cluster ??= this.#reach();
    const { clock, name } = this.#options;
    const reaching = this.#cluster;
    try {
      if (!(await endedWithin(clock, reachMs, reaching)))
        throw new FdpError('FDP_TIMEOUT', `${name}: no broker accepted a connection within ${reachMs} ms`);
      return await reaching;
    } catch (error) {
      if (this.#cluster === reaching) this.reset();
      throw error;
    }
  }

  /** Drops every connection. */
  reset(): void {
    const cluster = this.#cluster;
    this.#cluster = undefined;
    this.known = undefined;
    for (const socket of this.#sockets) socket.destroy(new Error('closed'));
    this.#sockets.clear();
    cluster?.then((made) => made.disconnect()).catch(() => {});
  }

  /** Frees everything quickly, also while no broker responds. */
  async close(): Promise<void> {
    this.#closed = true;
    const ended = this.#cluster?.then((made) => made.disconnect());
    if (ended) await endedWithin(this.#options.clock, closeMs, ended);
    this.reset();
  }

  async #reach(): Promise<Cluster> {
    const { brokers, clientId } = this.#options;
    const { Cluster: Made, createLogger } = this.kafkajs;
    const cluster = new Made({
      logger: createLogger({ level: 5, logCreator: () => (entry) => this.#log(entry) }),
      socketFactory: this.#socketFactory(),
      brokers: [...brokers],
      ...this.#security(),
      clientId,
      connectionTimeout: connectMs,
      authenticationTimeout: requestMs,
      requestTimeout: requestMs,
      enforceRequestTimeout: true,
      metadataMaxAge: metadataMs,
      allowAutoTopicCreation: false,
      isolationLevel: 1,
      retry: { ...retry, retries: brokers.length },
    });
    await cluster.connect();
    const broker = await cluster.brokerPool.findConnectedBroker();
    this.versions = broker.versions;
    const problem = versionProblem(broker.versions, this.kafkajs.spoken);
    if (problem) throw new FdpError('FDP_NOT_SUPPORTED', `${this.#options.name}: ${problem}`);
    // After a reset leaders and brokers are unknown, and must be fetched first. A topic that is
    // missing is reported by the call that needs it.
    if (this.wantsLeaders) await cluster.addTargetTopic(this.#options.topic).catch(() => cluster.refreshMetadata());
    this.known = cluster;
    return cluster;
  }

  #security(): object {
    const { tls, sasl } = this.#options;
    const ssl = tls && {
      ca: this.#file('ca', tls.ca),
      cert: this.#file('cert', tls.cert),
      key: this.#file('key', tls.key),
      servername: tls.server_name,
    };
    const given = Object.entries(ssl ?? {}).filter(([, value]) => value !== undefined);
    return { ...(ssl ? { ssl: Object.fromEntries(given) } : {}), ...(sasl ? { sasl } : {}) };
  }

  #file(option: string, path: string | undefined): Buffer | undefined {
    try {
      return path === undefined ? undefined : readFileSync(path);
    } catch (error) {
      const text = `${this.#options.name}: \`tls.${option}\` can't be read: ${errorText(error)}`;
      throw new FdpError('FDP_REFUSED', text, { cause: error });
    }
  }

  #socketFactory(): (given: SocketGiven) => Socket {
    const make = this.kafkajs.defaultSocketFactory();
    return (given) => {
      if (this.#closed) throw new FdpError('FDP_CLOSED', `${this.#options.name}: closed`);
      const socket = make(given);
      // kafkajs closes a socket that still connects as often as it is asked to.
      socket.setMaxListeners(0);
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      return socket;
    };
  }

  #log({ namespace, label, log }: LogEntry): void {
    // The connector logs what matters once per state change; kafkajs repeats it at each attempt.
    if (label !== 'DEBUG') this.#options.log.debug({ kafkajs: namespace, level: label }, log.message);
  }
}

/**
 * Why the brokers and this build are incompatible, in one line; undefined if they are not. kafkajs takes the highest
 * version that both know, without checking the lowest that the brokers still accept.
 */
export function versionProblem(offered: Broker['versions'], spoken: Kafkajs['spoken']): string | undefined {
  for (const key of offered === null ? [] : used) {
    const own = spoken.get(key);
    if (own === undefined) continue;
    const theirs = offered?.[key];
    const needed = key === fetchKey ? fetchVersion : own.version;
    const isOld = theirs === undefined || (key === fetchKey && theirs.maxVersion < fetchVersion);
    if (!isOld && theirs.minVersion <= needed) continue;
    const range = theirs ? `versions ${theirs.minVersion} to ${theirs.maxVersion}` : 'none';
    return `the brokers are too ${isOld ? 'old' : 'new'} for this version of fdp: it supports ${own.name} ${needed}, they support ${range}`;
  }
  return undefined;
}
