import type { Logger } from '../../../src/kit/environment.ts';
import type { RecordExtra } from '../../../src/kit/message.ts';
import type { Committed } from '../../../src/kit/source.ts';

/** A record to append. */
export interface NewRecord {
  readonly partition: number;
  /** Unix ms. */
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | Uint8Array;
}

export interface StoredRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | Uint8Array;
  readonly extra?: RecordExtra | undefined;
}

export interface Topic {
  /** Random, made with the topic: a new log of the same name has another. */
  readonly id: string;
  readonly partitions: number;
}

/** Logs that an existing topic has another number of partitions than configured: it is kept, since keys would move. */
export function sayPartitions(
  log: Logger,
  store: LogStore,
  { found, wanted }: { found: number; wanted: number },
): void {
  if (found === wanted) return;
  const text = `${store.name}: topic ${store.topic} was made with ${found} partitions and keeps them, not ${wanted}`;
  log.warn({ topic: store.topic, partitions: found }, text);
}

/** The offsets of a partition: its first, and the next one to be written. */
export interface Bounds {
  readonly first: number;
  readonly next: number;
}

/** Who reads for a group. `owner` is null after a release. */
export interface Lease {
  readonly owner: string | null;
  readonly epoch: number;
  /** Raised by the holder with every renewal. */
  readonly beat: number;
}

export interface TrimLimits {
  readonly retentionMs: number;
  readonly maxBytes: number;
  /** The most records of one step. */
  readonly step: number;
}

export interface Trimmed {
  /** Records removed by this step. */
  readonly removed: number;
  /** Of these, how many a group seen in the last day had not read. */
  readonly unread: number;
}

/**
 * Where one topic's records, positions and leases are kept: SQLite or memory. Everything that returns a promise is
 * one atomic and durable step; the rest returns at once from a consistent snapshot.
 */
export interface LogStore {
  /** The topic's name. */
  readonly topic: string;
  /** The connector's name, for messages. */
  readonly name: string;
  /** Its readings tell whether more is in the log. Left out where rows change so cheaply that no sink should wait. */
  readonly tellsMore?: true;
  /** Opens the store and creates the topic if it is missing. */
  open(signal: AbortSignal): Promise<Topic>;
  append(records: readonly NewRecord[], signal: AbortSignal): Promise<void>;
  bounds(): readonly Bounds[];
  /** Records from `offset` on, at most `count` and `bytes`, but at least one if there is one. */
  read(partition: number, offset: number, limits: { count: number; bytes: number }): readonly StoredRecord[];
  /** When the first record from `offset` on was appended, Unix ms; undefined if there is none. */
  appendedAt(partition: number, offset: number): number | undefined;
  /** A number for `changedSince`; to be taken before reading. */
  version(partition: number): number;
  /** Resolves when there may be more than at `version`, or `signal` aborts. */
  changedSince(partition: number, version: number, signal: AbortSignal): Promise<void>;

  lease(group: string): Lease | undefined;
  /**
   * Takes the lease if it is free, or unchanged since `stale`; returns the new epoch, or undefined if it was not
   * available.
   */
  takeLease(group: string, owner: string, stale: Lease | undefined): Promise<number | undefined>;
  /** False when a newer epoch has the lease. */
  beat(group: string, epoch: number): Promise<boolean>;
  releaseLease(group: string, epoch: number): Promise<void>;
  positions(group: string): ReadonlyMap<number, Committed>;
  /** Sets positions, with their notes; false, and nothing done, when a newer epoch has the lease. */
  commit(group: string, epoch: number, positions: ReadonlyMap<number, Committed>): Promise<boolean>;

  /** One small step of retention. */
  trim(limits: TrimLimits): Promise<Trimmed>;
  /** Only in memory: calls back when a test revokes a partition from its reader. */
  onRevoke?(revoked: (partition: number) => void): () => void;
  /** Bytes of the write-ahead log. */
  readonly walBytes?: number;
  /** Idempotent. */
  close(): Promise<void>;
}
