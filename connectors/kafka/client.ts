import type { Committed } from '../../src/kit/source.ts';
import type { Fetched } from './fetch-response.ts';

/** A topic as the brokers describe it. */
export interface TopicFacts {
  /** Random, made with the topic; the cluster's id if the brokers are too old to have topic ids (before Kafka 2.8). */
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

/** A member's membership in its group, until the next rebalance. */
export interface Membership {
  readonly group: string;
  readonly memberId: string;
  readonly generation: number;
  /** By topic, how many partitions the leader has assigned, 0 for topics that it can't see; empty for other members. */
  readonly handedOut: ReadonlyMap<string, number>;
  readonly partitions: readonly number[];
  /** Topics that were assigned to this member although it does not read them: no member reads these partitions. */
  readonly foreign: readonly string[];
}

/** By which the brokers recognise a batch that they already have. */
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
  /** Of its first record; a repeated batch has the same number, and is stored once. */
  readonly sequence: number;
  readonly records: readonly OutRecord[];
}

/**
 * A position in a partition: the first offset, the end for readers (before any open transaction), the log's end,
 * or the first record not older than a Unix time in ms.
 */
export type At = 'earliest' | 'latest' | 'end' | number;

/**
 * All calls of the connector to Kafka, for one topic. Errors are FdpErrors made by `kafkaError`: transient ones are for
 * the caller to retry; retries inside are brief.
 */
export interface Client {
  /** Reaches a broker, logs in, and checks that both speak the same versions. */
  connect(): Promise<void>;
  /** Undefined when there is no such topic. */
  topic(): Promise<TopicFacts | undefined>;
  /** The number of partitions by topic; topics that are missing or not visible are left out. */
  partitionsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** False if another client has created it meanwhile. */
  createTopic(wanted: NewTopic): Promise<boolean>;
  /** One of the topic's settings; undefined if it is not visible. */
  setting(name: string): Promise<string | undefined>;
  /** Fetches the leaders again. The topic must exist. */
  refresh(): Promise<void>;

  offsets(partitions: readonly number[], at: At): Promise<ReadonlyMap<number, number>>;
  leaderOf(partition: number): number | undefined;
  /** Waits up to `waitMs` for anything in partitions of one leader, before any open transaction or up to the log's end. */
  fetch(leader: number, wants: readonly Want[], waitMs: number, upTo?: 'latest' | 'end'): Promise<readonly Fetched[]>;

  /** Joins, and waits until all members have; a former `memberId` keeps its membership. */
  join(group: string, memberId: string | undefined): Promise<Membership>;
  heartbeat(membership: Membership): Promise<void>;
  leave(membership: Membership): Promise<void>;
  /** Positions that the group has committed, except those committed for a topic of the same name with another id. */
  committed(group: string, partitions: readonly number[], topicId: string): Promise<ReadonlyMap<number, Committed>>;
  /**
   * Refused when the group has rebalanced: a late commit never overwrites a newer member's. Keeps the topic's id, and
   * the note, with each position: Kafka keeps positions by the topic's name, and accepts one that was meant for a
   * deleted topic of the same name.
   */
  commit(membership: Membership, positions: ReadonlyMap<number, Committed>, topicId: string): Promise<void>;

  newProducer(): Promise<ProducerId>;
  /** Resolves when every replica in sync has the batch, with its first offset; -1 if the broker has forgotten that. */
  append(batch: OutBatch): Promise<number>;

  /** Drops every connection; the next call makes new ones. */
  reset(): void;
  /** Frees everything, in a bounded time. Idempotent. */
  close(): Promise<void>;
}

/** The longest wait between attempts, ms: short, so that a recovered cluster is noticed soon. */
export const longestWaitMs = 2000;
