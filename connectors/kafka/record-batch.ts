import { errorText } from '../../src/errors.ts';
import type { RecordExtra, RecordHeader } from '../../src/kit/message.ts';
import { maxUnpackedBytes, unpack } from './codecs.ts';
import { Reader } from './reader.ts';
import { TooLargeError } from './too-large.ts';

/** A record as a topic stores it. */
export interface KafkaRecord {
  readonly offset: number;
  /** Unix ms. */
  readonly timestamp: number;
  readonly key: string | null;
  /** Null is a tombstone. */
  readonly value: Buffer | null;
  readonly extra?: RecordExtra | undefined;
}

/** An unreadable batch: it counts as one message that is rejected with its bytes. */
export interface UnreadableBatch {
  readonly offset: number;
  readonly lastOffset: number;
  readonly timestamp: number;
  readonly bytes: Buffer;
  /** What is wrong with it, one line. */
  readonly problem: string;
}

/** The content of a partition's bytes, in order. */
export interface Batch {
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly producerId: number;
  /** By which the broker knows it among those of its producer. */
  readonly sequence: number;
  /** Part of a transaction: shown only when that was committed. */
  readonly transactional: boolean;
  /** Kafka's control record: `abort` ends an aborted transaction. */
  readonly control: 'abort' | 'other' | undefined;
  readonly records: readonly KafkaRecord[];
  readonly unreadable: UnreadableBatch | undefined;
}

/** How much of a response is decompressed at once. The rest is fetched again. */
export interface Room {
  /** The largest batch, bytes. */
  readonly batch: number;
  /** The rest of the limit for the whole response, bytes. */
  left: number;
}

export function newRoom(batch = maxUnpackedBytes): Room {
  return { batch, left: Math.max(batch, maxUnpackedBytes) };
}

/** The limit for a partition's batches, bytes. */
const partitionBytes = 4 * 1024 ** 2;
/** The most records of a batch: each takes more memory than its bytes. */
const maxRecords = 250_000;
/** Bytes of a batch before those that its length counts. */
const prefixBytes = 12;
const flags = { codec: 0x7, appendTime: 0x8, transactional: 0x10, control: 0x20 };

/**
 * Parses a partition's bytes. An incomplete batch at the end, or one that exceeds the limits, is left for the
 * next fetch; an unreadable one is returned with its coordinates, and parsing continues after it.
 */
export function readBatches(bytes: Buffer, room = newRoom()): Batch[] {
  const batches: Batch[] = [];
  const enough = room.left - partitionBytes;
  for (let at = 0; at + prefixBytes <= bytes.length && room.left > Math.max(0, enough); ) {
    const length = prefixBytes + bytes.readInt32BE(at + 8);
    if (length <= prefixBytes) throw new RangeError(`expected a batch at ${at}, got a length of ${length}`);
    if (at + length > bytes.length) break;
    batches.push(readBatch(bytes.subarray(at, at + length), room));
    at += length;
  }
  return batches;
}

/** The bytes of a batch's records, for which there is that much less room. */
function unpacked(codec: number, packed: Buffer, room: Room): Buffer {
  // Copied: a view would keep the broker's whole response in memory for as long as one of its messages is in flight.
  if (codec === 0) return Buffer.from(packed);
  try {
    const bytes = unpack(codec, packed, room.batch);
    room.left -= bytes.length;
    return bytes;
  } catch (error) {
    // The bytes are released, but count against the limit.
    if (error instanceof TooLargeError) room.left -= room.batch / 16;
    throw error;
  }
}

function readBatch(bytes: Buffer, room: Room): Batch {
  const reader = new Reader(bytes);
  const firstOffset = reader.int64();
  reader.bytes(8);
  const magic = reader.int8();
  const nothing = { firstOffset, producerId: -1, sequence: -1, transactional: false, control: undefined, records: [] };
  if (magic !== 2) {
    const problem = `expected record format 2, got ${magic}, which Kafka 4 no longer supports`;
    const unreadable = {
      offset: firstOffset,
      lastOffset: firstOffset,
      timestamp: 0,
      bytes: Buffer.from(bytes),
      problem,
    };
    return { ...nothing, lastOffset: firstOffset, unreadable };
  }
  reader.bytes(4);
  const attributes = reader.int16();
  const lastOffset = firstOffset + reader.int32();
  const [firstTimestamp, maxTimestamp] = [reader.int64(), reader.int64()];
  const producerId = reader.int64();
  reader.bytes(2);
  const sequence = reader.int32();
  const head = {
    ...nothing,
    lastOffset,
    producerId,
    sequence,
    transactional: (attributes & flags.transactional) !== 0,
  };
  try {
    const count = reader.int32();
    const packed = reader.bytes(reader.left);
    const codec = attributes & flags.codec;
    if (count > maxRecords) throw new RangeError(`expected at most ${maxRecords}`);
    const inside = new Reader(unpacked(codec, packed, room));
    if (attributes & flags.control) return { ...head, control: controlOf(inside), unreadable: undefined };
    const appended = attributes & flags.appendTime ? maxTimestamp : undefined;
    const origin = { firstOffset, firstTimestamp, appended };
    const read = (record: Reader) => readRecord(record, origin);
    const records = inside.array(count, (each) => each.within(each.signed(), read));
    return { ...head, records, unreadable: undefined };
  } catch (error) {
    const problem = `a batch of ${lastOffset - firstOffset + 1} messages is unreadable: ${errorText(error)}`;
    const timestamp = maxTimestamp;
    return { ...head, unreadable: { offset: firstOffset, lastOffset, timestamp, bytes: Buffer.from(bytes), problem } };
  }
}

interface RecordOrigin {
  readonly firstOffset: number;
  readonly firstTimestamp: number;
  /** The batch's timestamp, if the broker sets it instead of the producer. */
  readonly appended: number | undefined;
}

function readRecord(reader: Reader, { firstOffset, firstTimestamp, appended }: RecordOrigin): KafkaRecord {
  reader.int8();
  const timestamp = firstTimestamp + reader.signed();
  const offset = firstOffset + reader.signed();
  const keyLength = reader.signed();
  const key = keyLength < 0 ? null : reader.string(keyLength);
  const keyBytes = key?.includes('\ufffd') ? reader.last(keyLength) : undefined;
  const value = nullable(reader);
  const count = reader.signed();
  const headers = count > 0 ? reader.array(count, readHeader) : undefined;
  const extra = headers || keyBytes ? { ...(headers && { headers }), ...(keyBytes && { keyBytes }) } : undefined;
  return { offset, timestamp: appended ?? timestamp, key, value, extra };
}

function readHeader(reader: Reader): RecordHeader {
  return [reader.string(reader.signed()), nullable(reader)];
}

function nullable(reader: Reader): Buffer | null {
  const length = reader.signed();
  return length < 0 ? null : reader.bytes(length);
}

/** A control record's key is its version and its kind. */
function controlOf(reader: Reader): 'abort' | 'other' {
  reader.signed();
  reader.int8();
  reader.signed();
  reader.signed();
  const key = nullable(reader);
  return key !== null && key.length >= 4 && key.readInt16BE(2) === 0 ? 'abort' : 'other';
}
