import { errorText, FdpError } from '../../src/errors.ts';
import { linkedAbort } from '../../src/kit/clock.ts';
import type { Environment } from '../../src/kit/environment.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import type { Client, OutRecord } from './client.ts';
import { loadKafkajs } from './kafkajs-internals.ts';
import { metadataMs } from './kafkajs-link.ts';
import { messageFrom } from './messages.ts';
import { lastRecord } from './partition.ts';
import { PartitionWriter } from './partition-writer.ts';
import { type OpenTopic, openTopic, type TopicOptions } from './topic.ts';
import { Write } from './write.ts';

/** Keys of which the partition is remembered. */
const maxKeys = 10_000;

/** Callbacks of a role that shares the writer. */
export interface WriterListener {
  /** Why some partition can't be written; undefined when all can be again. */
  blocked(text: string | undefined): void;
  unknown(messages: number): void;
}

/**
 * Appends to a topic for all roles of a connector. Keys go to the partition that Java's clients choose too (murmur2),
 * messages without a key to all partitions in turn.
 */
export class TopicWriter {
  readonly #options: TopicOptions;
  readonly #environment: Environment;
  readonly #newClient: () => Client;
  readonly #listeners = new Set<WriterListener>();
  readonly #partitioner = loadKafkajs().partitioner();
  #closed = linkedAbort().controller;
  #client: Client | undefined;
  #topic: OpenTopic | undefined;
  #writers: PartitionWriter[] = [];
  /** In the partitioner's format; their leaders don't matter for keys. */
  #partitions: { partitionId: number; leader: number }[] = [];
  /** Why nothing gets through, by partition. */
  readonly #reasons = new Map<number, string>();
  #opening: Promise<OpenTopic> | undefined;
  /** Partitions of known keys: hashing a key costs as much as writing its message. */
  readonly #partitionOfKey = new Map<string, number>();
  #turn = 0;

  constructor(options: TopicOptions, environment: Environment, newClient: () => Client) {
    this.#options = options;
    this.#environment = environment;
    this.#newClient = newClient;
  }

  /** The largest batch that the topic takes, bytes; undefined before it is open. */
  get maxBatchBytes(): number | undefined {
    return this.#topic?.maxBatchBytes;
  }

  /** Opens it for the first listener; others may join and leave. A listener whose `signal` has aborted is not kept. */
  async open(listener: WriterListener, signal: AbortSignal): Promise<void> {
    this.#opening ??= this.#open();
    try {
      await this.#opening;
      if (!signal.aborted) this.#listeners.add(listener);
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** Removes a listener; the last one closes the writer. Records without an outcome fail with FDP_CLOSED. */
  async close(listener: WriterListener): Promise<void> {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) await this.shut();
  }

  /** Closes it for all listeners. */
  async shut(): Promise<void> {
    this.#closed.abort();
    const client = this.#client;
    this.#client = undefined;
    this.#opening = undefined;
    await client?.close();
  }

  /**
   * Resolves when each record is durable or has failed, with the errors of those that did, by index. `signal`
   * withdraws records that were not sent yet.
   */
  append(records: readonly OutRecord[], signal: AbortSignal): Promise<ReadonlyMap<number, unknown>> {
    const write = new Write(records.length, signal);
    for (const [index, record] of records.entries()) {
      const { key, value } = record;
      const writer = this.#writers[this.#partitionOf(key)];
      const bytes = Buffer.byteLength(value) + (key === null ? 0 : Buffer.byteLength(key));
      if (writer) writer.append({ record, bytes, write, index });
      else write.settle(index, new FdpError('FDP_CLOSED', `${this.#options.name}: not open`));
    }
    return write.outcome;
  }

  /** The last record of each partition that has one. */
  async last(): Promise<readonly SourceMessage[]> {
    const { name, topic } = this.#options;
    const client = this.#client;
    if (!client || !this.#topic) throw new FdpError('FDP_CLOSED', `${name}: not open`);
    const { id, partitions } = this.#topic;
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    const found = await Promise.all(all.map((partition) => lastRecord(client, partition)));
    return found.flatMap((record, partition) =>
      record ? messageFrom(record, { lane: `${id}/${topic}/${partition}`, topic, partition }) : [],
    );
  }

  /** Takes back what waits under signals that have aborted. */
  withdraw(): void {
    for (const writer of this.#writers) writer.withdraw();
  }

  async #open(): Promise<OpenTopic> {
    this.#closed = linkedAbort().controller;
    this.#reasons.clear();
    this.#partitionOfKey.clear();
    const client = this.#newClient();
    this.#client = client;
    try {
      await client.connect();
      const topic = await openTopic(client, this.#options, this.#environment);
      this.#writers = [];
      this.#spread(client, topic);
      void this.#watch(client);
      return topic;
    } catch (error) {
      this.#client = undefined;
      await client.close();
      throw error;
    }
  }

  /** Writes to as many partitions as the topic has now. */
  #spread(client: Client, topic: OpenTopic): void {
    const count = topic.partitions;
    this.#topic = topic;
    if (count === this.#writers.length) return;
    this.#partitionOfKey.clear();
    this.#partitions = Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 0 }));
    const kept = this.#writers.slice(0, count);
    const added = Array.from({ length: count - kept.length }, (_, index) => kept.length + index);
    this.#writers = [...kept, ...added.map((partition) => this.#writer(client, topic, partition))];
  }

  /** Partitions may be added at any time: every client notices within the age of its metadata. */
  async #watch(client: Client): Promise<void> {
    const { clock, log } = this.#environment;
    const { signal } = this.#closed;
    const { name, topic } = this.#options;
    for (;;) {
      await clock.sleep(metadataMs, signal);
      if (signal.aborted) return;
      try {
        const found = await client.topic();
        const before = this.#writers.length;
        if (!found || !this.#topic || found.partitions === before) continue;
        await client.refresh();
        this.#spread(client, { ...this.#topic, ...found });
        log.warn(
          { topic, partitions: found.partitions },
          `${name}: topic ${topic} has ${found.partitions} partitions now, ${before} before: keys move to other partitions`,
        );
      } catch (error) {
        log.debug({}, errorText(error));
      }
    }
  }

  /** Creates a missing topic; throws if it no longer has such a partition, and errors that no retry fixes. */
  async #reopen(client: Client, partition: number): Promise<void> {
    const { name, topic } = this.#options;
    try {
      this.#spread(client, await openTopic(client, this.#options, this.#environment));
    } catch (error) {
      this.#environment.log.debug({}, errorText(error));
      if (error instanceof FdpError && error.fault === 'fatal') throw error;
    }
    if (partition >= this.#writers.length)
      throw new FdpError('FDP_UNAVAILABLE', `${name}: topic ${topic} no longer has partition ${partition}`);
  }

  #writer(client: Client, { maxBatchBytes }: OpenTopic, partition: number): PartitionWriter {
    const { name } = this.#options;
    return new PartitionWriter({
      ...{ name, partition, client, maxBatchBytes },
      environment: this.#environment,
      closed: this.#closed.signal,
      onBlocked: (text) => this.#blocked(partition, text),
      onUnknown: (messages) => {
        this.#environment.log.warn({ messages }, `${name}: up to ${messages} messages may be in the log twice`);
        for (const listener of this.#listeners) listener.unknown(messages);
      },
      onMissingTopic: () => this.#reopen(client, partition),
    });
  }

  /** Reports recovery when no partition with something to send is blocked. */
  #blocked(partition: number, text: string | undefined): void {
    if (text !== undefined) this.#reasons.set(partition, text);
    else
      for (const each of [...this.#reasons.keys()])
        if (each === partition || (this.#writers[each]?.isIdle ?? true)) this.#reasons.delete(each);
    const [first] = this.#reasons.values();
    for (const listener of this.#listeners) listener.blocked(first);
  }

  #partitionOf(key: string | null): number {
    if (key === null) return this.#turn++ % this.#writers.length;
    let partition = this.#partitionOfKey.get(key);
    if (partition === undefined) {
      const { topic } = this.#options;
      partition = this.#partitioner({ topic, partitionMetadata: this.#partitions, message: { key } });
      if (this.#partitionOfKey.size >= maxKeys) this.#partitionOfKey.clear();
      this.#partitionOfKey.set(key, partition);
    }
    return partition;
  }
}
