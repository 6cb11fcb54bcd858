import type { OutBatch, OutRecord } from './client.ts';
import { Reader } from './reader.ts';
import { signedLength, Writer } from './writer.ts';

/** The version of Produce that is used. */
export const produceVersion = 7;
/** Before a batch's records; a record has little more than its key and value. */
const batchHeadBytes = 61;
const recordHeadBytes = 16;
/** All replicas in sync. */
const acks = -1;
/** Where the bytes begin that a batch's length and checksum cover. */
const [lengthEnd, checksumEnd] = [12, 21];

/** The checksum of bytes (CRC-32C). */
export type Checksum = (bytes: Buffer) => number;

/** A batch as a topic stores it: record format 2, uncompressed. */
export function recordBatch({ producer, sequence, records }: OutBatch, checksum: Checksum): Buffer {
  let [first, last, size] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, batchHeadBytes];
  for (const { timestamp, key, value } of records) {
    first = Math.min(first, timestamp);
    last = Math.max(last, timestamp);
    size += recordHeadBytes + (key?.length ?? 0) + value.length;
  }
  const writer = new Writer(size);
  // Offset, length, the leader's epoch, the format, the checksum: length and checksum are known at the end.
  writer.int64(0).int32(0).int32(0).int8(2).uint32(0);
  writer.int16(0).int32(records.length - 1);
  writer.int64(first).int64(last).int64(producer.id).int16(producer.epoch).int32(sequence);
  writer.int32(records.length);
  for (const [index, record] of records.entries()) writeRecord(writer, record, { index, first });
  const { bytes } = writer;
  bytes.writeInt32BE(bytes.length - lengthEnd, lengthEnd - 4);
  bytes.writeUInt32BE(checksum(bytes.subarray(checksumEnd)), checksumEnd - 4);
  return bytes;
}

function writeRecord(writer: Writer, record: OutRecord, { index, first }: { index: number; first: number }): void {
  const { key, value } = record;
  const since = record.timestamp - first;
  const keyBytes = key === null ? -1 : Buffer.byteLength(key);
  const valueBytes = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  // Its attributes and the number of its headers take a byte each.
  const lengths = signedLength(since) + signedLength(index) + signedLength(keyBytes) + signedLength(valueBytes);
  writer.signed(2 + lengths + Math.max(0, keyBytes) + valueBytes);
  writer.int8(0).signed(since).signed(index).signed(keyBytes);
  if (key !== null) writer.text(key, keyBytes);
  writer.signed(valueBytes);
  if (typeof value === 'string') writer.text(value, valueBytes);
  else writer.raw(value);
  writer.signed(0);
}

/** A batch with its partition. */
export interface Parcel {
  readonly partition: number;
  readonly bytes: Buffer;
}

/** The body of a request that appends a batch to each of some partitions. */
export function produceRequest(topic: string, parcels: readonly Parcel[], timeoutMs: number): Buffer {
  const size = parcels.reduce((sum, { bytes }) => sum + bytes.length + 8, 64 + topic.length);
  const writer = new Writer(size);
  writer.int16(-1).int16(acks).int32(timeoutMs); // no transaction
  writer.int32(1).string(topic).int32(parcels.length);
  for (const { partition, bytes } of parcels) writer.int32(partition).int32(bytes.length).raw(bytes);
  return writer.bytes;
}

/** What became of a parcel. */
export interface Produced {
  /** Kafka's code; 0 is none. */
  readonly error: number;
  /** Of its first record. */
  readonly offset: number;
}

/** By partition. */
export function readProduceResponse(bytes: Buffer): ReadonlyMap<number, Produced> {
  const reader = new Reader(bytes);
  const topics = reader.array(reader.int32(), () => {
    reader.string(reader.int16());
    return reader.array(reader.int32(), readPartition);
  });
  return new Map(topics.flat());
}

function readPartition(reader: Reader): readonly [partition: number, produced: Produced] {
  const partition = reader.int32();
  const produced = { error: reader.int16(), offset: reader.int64() };
  reader.bytes(16); // when it was appended, where its log begins
  return [partition, produced];
}
