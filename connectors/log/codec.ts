import { crc32 } from 'node:zlib';
import type { Message, SourceMessage } from '../../src/engine/message.ts';
import { FdpError, messageOf } from '../../src/errors.ts';
import type { StoredRecord } from './store.ts';

/** The partition that a record lies in. */
export interface RecordOrigin {
  readonly lane: string;
  readonly topic: string;
  readonly partition: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The partition of a key: its CRC-32 modulo their number, the same on every machine. */
export function partitionOf(key: string, partitions: number): number {
  return crc32(key) % partitions;
}

/**
 * A message's value as a log keeps it: text and bytes as they are, everything else as JSON.
 * @throws FDP_MESSAGE_REFUSED when it has no JSON, or is larger than `maxBytes` with its key
 */
export function encodeValue(message: Message, name: string, maxBytes: number): string | Uint8Array {
  const { value, key } = message;
  const encoded = typeof value === 'string' || value instanceof Uint8Array ? value : toJson(value, name);
  const bytes = Buffer.byteLength(encoded) + (key === null ? 0 : Buffer.byteLength(key));
  if (bytes > maxBytes)
    throw new FdpError('FDP_MESSAGE_REFUSED', `${name}: expected a message of at most ${maxBytes} bytes, got ${bytes}`);
  return encoded;
}

function toJson(value: unknown, name: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new FdpError('FDP_MESSAGE_REFUSED', `${name}: the value has no JSON: ${messageOf(error)}`, { cause: error });
  }
  if (text === undefined)
    throw new FdpError('FDP_MESSAGE_REFUSED', `${name}: expected a value, got ${typeof value}, which has no JSON`);
  return text;
}

/** A stored record as a source gives it: JSON parsed once; what can't be parsed carries the problem and its bytes. */
export function decodeRecord(record: StoredRecord, origin: RecordOrigin): SourceMessage {
  const { offset, timestamp, key, value: raw } = record;
  const { lane, topic, partition } = origin;
  const meta = { lane, topic, partition, offset };
  try {
    return { key, value: JSON.parse(typeof raw === 'string' ? raw : textOf(raw)), timestamp, meta, raw };
  } catch (error) {
    const text = `${origin.topic}-${origin.partition}-${offset}: expected JSON: ${messageOf(error)}`;
    const problem = new FdpError('FDP_MESSAGE_UNREADABLE', text, { cause: error });
    return { key, value: undefined, timestamp, meta, raw, problem };
  }
}

/** Bytes as text. The strict decoder, which takes several times as long, looks at what may not be UTF-8 only. */
function textOf(bytes: Uint8Array): string {
  const text = Buffer.isBuffer(bytes) ? bytes.toString() : Buffer.from(bytes).toString();
  return text.includes('\ufffd') || text.startsWith('\ufeff') ? utf8.decode(bytes) : text;
}
