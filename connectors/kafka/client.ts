import type { Committed } from '../../src/kit/source.ts';
import type { Fetched } from './fetch-response.ts';

/** A topic as the brokers describe it. */
export interface TopicFacts {
  /** Random, made with the topic; the cluster's id where the brokers are too old to tell (before Kafka 2.8). */
  readonly id: string;
  readonly partitions: number;
}

export interface NewTopic {
  readonly partitions: number;
  /** The brokers' default when left out. */
  readonly replicas?: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** One partition wanted from a fetch. */
export interface Want {
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
}

/** A member's place in its group, until the next rebalance. */
export interface Membership {
  readonly group: string;
  readonly memberId: string;
  readonly generation: number;
  /** By topic, how many partitions the leader has handed out, none of what it can't see; empty for the others. */
  readonly handedOut: ReadonlyMap<string, number>;
  readonly partitions: readonly number[];
  /** Topics that this member does not read and was given all the same: nobody reads what it got of them. */
  readonly foreign: readonly string[];
}

/** Under which the brokers know a batch that they have already. */
export interface ProducerId {
  readonly id: number;
  readonly epoch: number;
}

export interface OutRecord {
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | Uint8Array;
}

export interface OutBatch {
  readonly partition: number;
  readonly producer: ProducerId;
  /** Of its first record; a batch that is sent again has the same, and is then stored once. */
  readonly sequence: number;
  readonly records: readonly OutRecord[];
}

/**
 * A place in a partition: the first offset, where reading comes to now (an open transaction is not passed), the log's end,
 * or the first record not older than a Unix time in ms.
 */
export type At = 'earliest' | 'latest' | 'end' | number;

/**
 * All that the connector asks of Kafka, for one topic. Errors are FdpErrors made by `kafkaError`: transient ones are for
 * the caller to try again, nothing is retried inside for longer than a moment.
 */
export interface Client {
  /** Reaches a broker, logs in, and checks that both speak the same versions. */
  connect(): Promise<void>;
  /** Undefined when there is no such topic. */
  topic(): Promise<TopicFacts | undefined>;
  /** How many partitions topics have; one that is missing, or may not be seen, is left out. */
  partitionsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** False when somebody else has made it meanwhile. */
  createTopic(wanted: NewTopic): Promise<boolean>;
  /** One of the topic's settings; undefined when it may not be seen. */
  setting(name: string): Promise<string | undefined>;
  /** Fetches the leaders again. The topic must exist. */
  refresh(): Promise<void>;

  offsets(partitions: readonly number[], at: At): Promise<ReadonlyMap<number, number>>;
  leaderOf(partition: number): number | undefined;
  /** Waits up to `waitMs` for anything in partitions of one leader. */
  fetch(leader: number, wants: readonly Want[], waitMs: number): Promise<readonly Fetched[]>;

  /** Joins, and waits until all members have; `memberId` of the time before keeps its place. */
  join(group: string, memberId: string | undefined): Promise<Membership>;
  heartbeat(membership: Membership): Promise<void>;
  leave(membership: Membership): Promise<void>;
  /** Positions that the group has committed; none that was committed for a topic of the same name with another id. */
  committed(group: string, partitions: readonly number[], topicId: string): Promise<ReadonlyMap<number, Committed>>;
  /**
   * Refused when the group has rebalanced: a late commit never overwrites a newer member's. Keeps the topic's id, and
   * the note, beside each position: Kafka knows positions by the topic's name, and accepts one that was meant for a
   * deleted topic of the same name.
   */
  commit(membership: Membership, positions: ReadonlyMap<number, Committed>, topicId: string): Promise<void>;

  newProducer(): Promise<ProducerId>;
  /** Resolves when every replica in sync has the batch. */
  append(batch: OutBatch): Promise<void>;

  /** Drops every connection; the next call makes new ones. */
  reset(): void;
  /** Frees everything, in a bounded time. Idempotent. */
  close(): Promise<void>;
}

/** Waits between attempts grow up to this, ms: a cluster that is back is noticed within moments. */
export const longestWaitMs = 2000;
