import { isUtf8 } from 'node:buffer';
import { errorText, FdpError } from '../errors.ts';
import type { LaneContext, Message } from './message.ts';
import type { NodeStats } from './node-stats.ts';
import { jsonWithin } from './text.ts';
import { looseTrack, type Tracked } from './track.ts';

/** If a letter is larger than its target accepts, it keeps this much of the message, or what fits. */
const truncatedBytes = 64 * 1024;
/** No letter holds more of its message than this, whatever its target accepts. */
const mostBytes = 16 * 1024 * 1024;
/** How much a letter keeps of a longer key, characters; the result is also the letter's own key. */
const keyLength = 4096;
/** How much is kept of a value without bytes that cannot be written as JSON, characters. */
const outlineLength = 64 * 1024;

/** A message that could not be delivered, as it is written to the dead-letter log. */
export interface DeadLetter {
  /** The error's code. */
  readonly code: string;
  /** One line. */
  readonly reason: string;
  readonly topology: string;
  /** The operator or sink that refused it. */
  readonly node: string;
  /** The sink whose branch refused it; undefined before the fan-out. Other sinks may have the message. */
  readonly sink?: string;
  /** Where the source read it; `index` is set when one of several messages made from it was refused. */
  readonly origin: {
    readonly lane: string;
    readonly topic?: string;
    readonly partition?: number;
    readonly offset?: number;
    readonly index?: number;
    /** Its beginning, if it is longer than 4096 characters: `key_length` is then its whole length. */
    readonly key: string | null;
    readonly key_length?: number;
    readonly timestamp: number;
  };
  /** The bytes as the source read them. */
  readonly value: string;
  readonly encoding: 'utf8' | 'base64';
  /** Their number; more than `value` holds if it was truncated. */
  readonly bytes: number;
  /** When it was rejected, Unix ms. */
  readonly rejected_at: number;
}

/** A message that a node has rejected. */
export interface Rejection {
  readonly topology: string;
  readonly refusedBy: NodeStats;
  readonly rejected: Message;
  /** The lane that it was read from. */
  readonly lane: LaneContext;
  readonly error: FdpError;
  /** Unix ms. */
  readonly at: number;
  /** Hides secrets in the reason. */
  readonly mask?: ((text: string) => string) | undefined;
}

/**
 * The letter of a rejected message, as a message. Bytes that a sink has let go are read again.
 *
 * @param maxBytes the largest message that the target takes
 * @throws what the log throws
 */
export async function letterOf(rejection: Rejection, maxBytes?: number): Promise<Message> {
  const { rejected, lane, at } = rejection;
  const found = isLetGo(rejected.track, lane) ? await withBytes(rejection) : rejection;
  const letter = deadLetterOf(found, maxBytes);
  const record = { key: letter.origin.key, value: letter, timestamp: at, meta: { lane: 'dead_letter' } };
  return { ...record, track: looseTrack(record) };
}

/** A record of a log has bytes, unless they were let go. */
function isLetGo({ raw, value, meta }: Tracked, { bytesAt }: LaneContext): boolean {
  return raw === undefined && value === undefined && meta.offset !== undefined && bytesAt !== undefined;
}

async function withBytes({ rejected, lane, error, ...rest }: Rejection): Promise<Rejected> {
  const { key, timestamp, meta } = rejected.track;
  const raw = await lane.bytesAt?.(meta.offset ?? 0);
  const gone = () =>
    new FdpError(error.code, `${errorText(error)} (the log has removed its record meanwhile: its bytes are lost)`);
  const track = { key, timestamp, meta, raw: raw ?? '' };
  return { ...rest, rejected: { meta: rejected.meta, track }, error: raw === undefined ? gone() : error };
}

type Rejected = Omit<Rejection, 'rejected' | 'lane'> & {
  readonly rejected: Pick<Message, 'meta'> & { readonly track: Tracked };
};

/**
 * Never throws, whatever was rejected: large values are truncated before they are made into text.
 *
 * @param maxBytes the largest message that the target takes
 */
export function deadLetterOf(rejection: Rejected, maxBytes = Number.POSITIVE_INFINITY): DeadLetter {
  const { topology, refusedBy, rejected, error, at, mask = (text) => text } = rejection;
  const { track: record } = rejected;
  const bytes = bytesOf(record);
  const head = {
    code: error.code,
    reason: mask(errorText(error)),
    topology,
    node: refusedBy.name,
    ...(refusedBy.branch === undefined ? {} : { sink: refusedBy.branch }),
    origin: originOf(record, rejected.meta.index),
  };
  const tail = { bytes: bytes.length, rejected_at: at };
  const keyBytes = Buffer.byteLength(head.origin.key ?? '');
  const size = (value: object) => keyBytes + Buffer.byteLength(JSON.stringify(value));
  if (bytes.length <= Math.min(maxBytes, mostBytes)) {
    const letter = { ...head, ...encoded(bytes), ...tail };
    if (size(letter) <= maxBytes) return letter;
  }
  const truncated = { ...head, value: '', encoding: 'base64' as const, ...tail };
  // Four characters for three bytes.
  const room = Math.max(0, Math.floor((maxBytes - size(truncated)) / 4) * 3);
  return { ...truncated, value: bytes.subarray(0, Math.min(truncatedBytes, room)).toString('base64') };
}

function originOf({ meta, key, timestamp }: Tracked, index: number | undefined): DeadLetter['origin'] {
  const { lane, topic, partition, offset } = meta;
  const isLong = key !== null && key.length > keyLength;
  return {
    lane,
    ...(topic === undefined ? {} : { topic }),
    ...(partition === undefined ? {} : { partition }),
    ...(offset === undefined ? {} : { offset }),
    ...(index === undefined ? {} : { index }),
    key: isLong ? key.slice(0, keyLength) : key,
    ...(isLong ? { key_length: key.length } : {}),
    timestamp,
  };
}

function bytesOf({ raw, value }: Tracked): Buffer {
  if (raw === undefined) return Buffer.from(jsonOf(value));
  return typeof raw === 'string' ? Buffer.from(raw) : Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
}

/** A value that an operator or a source made may be anything; one that has no JSON is kept as an outline. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    return jsonWithin(value, outlineLength);
  }
}

/** Text stays readable; anything that is not UTF-8 is kept exactly. */
function encoded(bytes: Buffer): Pick<DeadLetter, 'value' | 'encoding'> {
  return isUtf8(bytes)
    ? { value: bytes.toString('utf8'), encoding: 'utf8' }
    : { value: bytes.toString('base64'), encoding: 'base64' };
}
