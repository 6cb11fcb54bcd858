import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { FdpError } from '../../src/errors.ts';
import { lacking } from '../../src/kit/optional-packages.ts';

// kafkajs gets no more releases. Its consumer loses positions, hangs and crashes processes in ways that can't be fixed
// from outside, while its connections, logins and protocol are sound: only those are used. They have no types; the
// parts in use are declared here, and only this version is accepted.
const version = '2.2.4';

/** What the connector needs that an installation may leave out: the client, and what unpacks batches. */
export const kafkaPackages = ['kafkajs', 'lz4js', 'snappyjs', 'fzstd'];

/** The bytes of a request, as its connections take them. */
export interface Encoded {
  readonly buffer: Buffer;
}

/** One request to a broker, and how its response is read. */
export interface KafkaCall<T> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<Encoded>;
  };
  readonly response: { decode(bytes: Buffer): Promise<object>; parse(decoded: never): Promise<T> };
}

/** A response that is parsed here, not by kafkajs. */
export function readBy<T extends object>(read: (bytes: Buffer) => T): KafkaCall<T>['response'] {
  return { decode: async (bytes) => read(bytes), parse: async (found: never) => found };
}

interface PartitionsOf<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

/** A broker's connections. */
export interface Broker {
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null;
  readonly connectionPool: { send<T>(call: KafkaCall<T>): Promise<T> };
  metadata(topics: readonly string[]): Promise<{
    readonly clusterId: string;
    readonly topicMetadata: readonly { readonly partitionMetadata: readonly unknown[] }[];
  }>;
  findGroupCoordinator(of: { groupId: string; coordinatorType: number }): Promise<{
    readonly coordinator: { readonly nodeId: number };
  }>;
  joinGroup(request: object): Promise<{
    readonly generationId: number;
    readonly memberId: string;
    readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
  }>;
  syncGroup(request: object): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: object): Promise<unknown>;
  leaveGroup(request: object): Promise<unknown>;
  offsetCommit(request: object): Promise<unknown>;
  offsetFetch(request: object): Promise<{
    readonly responses: readonly PartitionsOf<{
      readonly partition: number;
      readonly offset: string;
      readonly metadata: string | null;
    }>[];
  }>;
  listOffsets(request: object): Promise<{
    readonly responses: readonly PartitionsOf<{ readonly partition: number; readonly offset: string }>[];
  }>;
  createTopics(request: object): Promise<unknown>;
  describeConfigs(request: object): Promise<{
    readonly resources: readonly {
      readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[];
    }[];
  }>;
  initProducerId(request: object): Promise<{ readonly producerId: string; readonly producerEpoch: number }>;
}

/** The brokers of a cluster and what they lead. */
export interface Cluster {
  readonly brokerPool: { findConnectedBroker(): Promise<Broker> };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findBroker(of: { nodeId: number | string }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  findTopicPartitionMetadata(
    topic: string,
  ): readonly { readonly partitionId: number; readonly leader: number | null }[];
}

export interface SocketGiven {
  readonly host: string;
  readonly port: number;
  readonly ssl?: object;
  onConnect(): void;
}

/** What kafkajs passes to its logger. */
export interface LogEntry {
  readonly namespace: string;
  readonly label: string;
  readonly log: { readonly message: string };
}

/** The parts of kafkajs that are used. */
export interface Kafkajs {
  readonly Cluster: new (options: object) => Cluster;
  encoded(bytes: Buffer): Encoded;
  createLogger(options: { level: number; logCreator: () => (entry: LogEntry) => void }): object;
  defaultSocketFactory(): (given: SocketGiven) => Socket;
  partitioner(): (of: {
    topic: string;
    partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
    message: { readonly key: string };
  }) => number;
  fetchRequest(options: object): KafkaCall<unknown>['request'];
  /** CRC-32C. */
  checksum(bytes: Buffer): number;
  /** The error of a code; for 0 there is none. */
  errorOf(code: number): Error;
  /** The highest version of each API that it speaks, by the API's number. */
  readonly spoken: ReadonlyMap<number, { readonly name: string; readonly version: number }>;
}

interface Connection {
  readonly socket?: Socket;
  isConnected(): boolean;
  connect(): Promise<unknown>;
}

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

/**
 * Loads the parts, and fixes two faults of its connections: they wake the process up a thousand times a second for
 * nothing, and they connect twice when two requests find them closed.
 * @throws FDP_NOT_SUPPORTED for another version of kafkajs, or none
 */
export function loadKafkajs(): Kafkajs {
  const load = createRequire(import.meta.url);
  const found = versionFoundBy(load);
  if (found !== version)
    throw new FdpError(
      'FDP_NOT_SUPPORTED',
      `kafka: expected kafkajs ${version}, got ${found}: its internals may differ`,
    );
  const part = (path: string) => load(`kafkajs/src/${path}`);
  stopIdleTimers(part('network/requestQueue').prototype);
  connectOnce(part('network/connection').prototype, part('errors').KafkaJSConnectionError);
  const keys: Readonly<Record<string, number>> = part('protocol/requests/apiKeys');
  const { requests } = part('protocol/requests');
  const Encoder = part('protocol/encoder');
  return {
    Cluster: part('cluster'),
    encoded: (bytes) => new Encoder(bytes.length).writeBuffer(bytes),
    createLogger: part('loggers').createLogger,
    defaultSocketFactory: part('network/socketFactory'),
    partitioner: part('producer/partitioners').DefaultPartitioner,
    fetchRequest: part('protocol/requests/fetch/v11/request'),
    checksum: part('protocol/recordBatch/crc32C'),
    errorOf: part('protocol/error').createErrorFromCode,
    spoken: new Map(
      Object.entries(keys).flatMap(([name, key]) => {
        const versions: readonly string[] = requests[name]?.versions ?? [];
        return versions.length > 0 ? [[key, { name, version: Math.max(...versions.map(Number)) }] as const] : [];
      }),
    ),
  };
}

function versionFoundBy(load: NodeJS.Require): string {
  try {
    return load('kafkajs/package.json').version;
  } catch (error) {
    throw lacking(kafkaPackages, 'kafka', error);
  }
}

const patched = new WeakSet<object>();

/**
 * Each connection would set a timer of a millisecond, permanently, to check whether a request waits: check only when
 * one does.
 */
function stopIdleTimers(queue: RequestQueue): void {
  if (patched.has(queue)) return;
  patched.add(queue);
  const { scheduleCheckPendingRequests } = queue;
  queue.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
  };
}

/** Requests that find a connection closed wait for the same new one, which fails when it is closed on the way. */
function connectOnce(prototype: Connection, ConnectionError: new (text: string) => Error): void {
  if (patched.has(prototype)) return;
  patched.add(prototype);
  const { connect } = prototype;
  const connecting = new WeakMap<Connection, Promise<unknown>>();
  prototype.connect = function (this: Connection): Promise<unknown> {
    const known = connecting.get(this);
    if (known || this.isConnected()) return known ?? Promise.resolve(true);
    const made = new Promise((resolve, reject) => {
      connect.call(this).then(resolve, reject);
      this.socket?.once('close', () => reject(new ConnectionError('closed while connecting')));
    }).finally(() => connecting.delete(this));
    connecting.set(this, made);
    return made;
  };
}
