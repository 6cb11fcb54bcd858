import type { FdpError } from '../errors.ts';
import type { Meta, Proof } from './origin.ts';
import type { RequestContext } from './request.ts';
import { looseTrack, Track, type TrackOwner } from './track.ts';

/** What a log keeps of a record beyond its key, time and value. No operator sees it. */
export interface RecordExtra {
  /** In their order; a name may be there twice. */
  readonly headers?: readonly RecordHeader[];
  /** Of a key that is no UTF-8: its bytes. */
  readonly keyBytes?: Uint8Array;
  /** The record has no value at all. */
  readonly isTombstone?: true;
}

export type RecordHeader = readonly [name: string, value: Uint8Array | null];

/** A message as a source read it, before any operator. */
export interface SourceMessage {
  readonly key: string | null;
  /** The parsed value. Undefined when `problem` is set. */
  readonly value: unknown;
  /** Unix ms. */
  readonly timestamp: number;
  readonly meta: Meta;
  /** The bytes as they came, for the dead letter; without them the value is written as JSON. */
  readonly raw?: Uint8Array | string;
  /** Why the value could not be parsed: the engine rejects the message with its bytes. */
  readonly problem?: FdpError;
  /** Of a record of a log; left out where there is nothing. */
  readonly extra?: RecordExtra;
  /**
   * Of a replayed dead letter: only the child with this index is processed, its siblings were
   * delivered before.
   */
  readonly onlyIndex?: number;
}

/** A message in the pipeline. Read-only: operators return new ones, branches share them. */
export interface Message {
  readonly key: string | null;
  readonly value: unknown;
  /** Unix ms. */
  readonly timestamp: number;
  readonly meta: Meta;
  /** Follows the message to its end; copied untouched by `derive`. */
  readonly track: Track;
  /** Of one that stands for several, which a sink has gathered and writes as one. */
  readonly together?: Together;
}

export interface Together {
  readonly count: number;
  /** Each of them, in order: if all of them can't be written as one, they are written one by one. */
  parts(): readonly Message[];
}

/** How many messages it stands for. */
export function countOf({ together }: Message): number {
  return together?.count ?? 1;
}

/** Shared by a batch and everything made from it. */
export interface LaneContext {
  readonly id: string;
  /** Aborts when the lane is revoked, its request is over, or the stop is forced. */
  readonly signal: AbortSignal;
  /** Set when the lane is one request, which wants a reply. */
  readonly request?: RequestContext;
  /**
   * Whether more of the lane was read than sinks have absorbed by now, and so is on its way; with
   * `inLog` also whether more is known to be in its log. If so, `idle` is called once, as soon as
   * all that was read is absorbed or at its end.
   */
  moreComes?(idle: () => void, inLog?: boolean): boolean;
  /** Whether more is known to be in the lane's log than was read. */
  hasBacklog?(): boolean;
  /**
   * The bytes of a record of the lane's log, as they were read; undefined if the log no longer has
   * it.
   */
  bytesAt?(offset: number): Promise<SourceMessage['raw']>;
  /** What its sinks have confirmed, to be noted with the lane's position. */
  readonly proofs?: { add(branch: string, proof: Proof, keep: number): void };
}

/** Messages of one lane, in order. May be empty: a request without any row still gets its reply. */
export interface Batch {
  readonly lane: LaneContext;
  readonly messages: readonly Message[];
  /**
   * Re-read before the lane's position, to fill windows: operators see it, sinks don't, and nothing
   * is counted.
   */
  readonly warmUp: boolean;
}

/** The first form of a source message in the pipeline. */
export function toMessage(record: SourceMessage, owner: TrackOwner | undefined): Message {
  const { key, value, timestamp, meta } = record;
  return { key, value, timestamp, meta, track: owner ? new Track(owner, record) : looseTrack(record) };
}

/** A message made from another: same origin, same end. */
export function derive(
  message: Message,
  changes: Partial<Pick<Message, 'key' | 'value' | 'timestamp' | 'meta'>>,
): Message {
  return {
    key: changes.key === undefined ? message.key : changes.key,
    value: 'value' in changes ? changes.value : message.value,
    timestamp: changes.timestamp ?? message.timestamp,
    meta: changes.meta ?? message.meta,
    track: message.track,
  };
}
