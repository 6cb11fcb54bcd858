import { FdpError } from '../errors.ts';
import type { Coordinates, RequestContext } from './component.ts';
import type { Proofs } from './proofs.ts';
import { looseTrack, Track, type TrackOwner } from './track.ts';

/** Where a message comes from. What a source doesn't have is left out. */
export interface Meta {
  /** The lane: `log id/topic/partition` of a log, else the connector's name. */
  readonly lane: string;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  /** Position within the log message, counted by `split` and `explode` before anything can be filtered. */
  readonly index?: number;
  /** Of a replayed dead letter: where its message was read at first. Templates take their names from there. */
  readonly origin?: Pick<Meta, 'topic' | 'partition' | 'offset'>;
}

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
  /** Of a replayed dead letter: only the child with this index goes on, its siblings were delivered before. */
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
}

/** What a batch, and everything made from it, shares. */
export interface LaneContext {
  readonly id: string;
  /** Aborts when the lane is revoked, its request is over, or the stop is forced. */
  readonly signal: AbortSignal;
  /** Set when the lane is one request, which wants a reply. */
  readonly request?: RequestContext;
  /** What its sinks have confirmed, to be noted with the lane's position. */
  readonly proofs?: Proofs;
}

/** Messages of one lane, in order. May be empty: a request without any row still gets its reply. */
export interface Batch {
  readonly lane: LaneContext;
  readonly messages: readonly Message[];
  /** Re-read before the lane's position, to fill windows: operators see it, sinks don't, and nothing is counted. */
  readonly warmUp: boolean;
}

/** The first form of a source message in the pipeline. */
export function messageOf(record: SourceMessage, owner: TrackOwner | undefined): Message {
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

/** The origin of one of several messages that were made from one. */
export function indexed(meta: Meta, index: number): Meta {
  const { lane, topic, partition, offset, origin } = meta;
  // Written out for the messages of a log and of a feed, which are most: a spread puts what is added into an object of
  // its own.
  const isOfLog = topic !== undefined && partition !== undefined && offset !== undefined;
  if (isOfLog && !origin) return { lane, topic, partition, offset, index };
  return Object.keys(meta).length === 1 ? { lane, index } : { ...meta, index };
}

/** Where a message stands in its lane, as stores remember it: offset -1 outside a log, index 0 for a whole log message. */
export function coordinatesOf({ meta }: Message): Coordinates {
  return { lane: meta.lane, offset: meta.offset ?? -1, index: meta.index ?? 0 };
}

export type Fields = Readonly<Record<string, unknown>>;

/**
 * The message's value as named fields.
 * @throws FDP_MESSAGE_INVALID when it is not an object
 */
export function fieldsOf(message: Message): Fields {
  const { value } = message;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`;
  throw new FdpError('FDP_MESSAGE_INVALID', `expected an object with named fields, got ${got}`);
}

/** The same fields and one more. Written out: V8 takes several times as long for a spread that is then added to. */
export function withField(fields: Fields, name: string, value: unknown): Fields {
  const names = Object.keys(fields);
  // An assignment to this one is none.
  if (name === '__proto__' || names.includes('__proto__')) return { ...fields, [name]: value };
  const all: Record<string, unknown> = {};
  for (const each of names) all[each] = fields[each];
  all[name] = value;
  return all;
}
