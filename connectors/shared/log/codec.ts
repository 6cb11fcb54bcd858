import { crc32 } from 'node:zlib';
import { errorText, FdpError } from '../../../src/errors.ts';
import { parseJson, toJson } from '../../../src/kit/json.ts';
import type { Message, SourceMessage } from '../../../src/kit/message.ts';
import type { StoredRecord } from './store.ts';

/** The partition of a record. */
export interface RecordOrigin {
  readonly lane: string;
  readonly topic: string;
  readonly partition: number;
}

/** The partition of a key: its CRC-32 modulo their number, the same on every machine. */
export function partitionOf(key: string, partitions: number): number {
  return crc32(key) % partitions;
}

/**
 * A message's value as a log stores it: text and bytes unchanged, everything else as JSON.
 * @throws FDP_MESSAGE_REFUSED if it can't be written as JSON, or is larger than `maxBytes` with its key
 */
export function encodeValue(message: Message, name: string, maxBytes: number): string | Uint8Array {
  const { value, key } = message;
  const encoded = typeof value === 'string' || value instanceof Uint8Array ? value : toJson(value, name);
  const bytes = Buffer.byteLength(encoded) + (key === null ? 0 : Buffer.byteLength(key));
  if (bytes > maxBytes)
    throw new FdpError('FDP_MESSAGE_REFUSED', `${name}: expected a message of at most ${maxBytes} bytes, got ${bytes}`);
  return encoded;
}

/** A stored record as a source message: JSON is parsed once; an unparseable one carries the problem and its bytes. */
export function decodeRecord(record: StoredRecord, origin: RecordOrigin): SourceMessage {
  const { offset, timestamp, key, value: raw, extra } = record;
  const { lane, topic, partition } = origin;
  const meta = { lane, topic, partition, offset };
  try {
    if (extra?.isTombstone) throw new Error('expected JSON, got a tombstone');
    const message = { key, value: parseJson(raw), timestamp, meta, raw };
    return extra ? { ...message, extra } : message;
  } catch (error) {
    const text = `${topic}-${partition}-${offset}: ${errorText(error)}`;
    const problem = new FdpError('FDP_MESSAGE_UNREADABLE', text, { cause: error });
    return { key, value: undefined, timestamp, meta, raw, problem, ...(extra && { extra }) };
  }
}
