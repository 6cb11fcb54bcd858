import { Reader } from './reader.ts';
import { type Batch, type KafkaRecord, newRoom, type Room, readBatches, type UnreadableBatch } from './record-batch.ts';

/** The result of a fetch for one partition. */
export interface Fetched {
  readonly partition: number;
  /** Kafka's error code; 0 is none. */
  readonly error: number;
  /** The log's end: all records before it are on all in-sync replicas. */
  readonly end: number;
  /** Where an open transaction begins, beyond which nothing may be read yet; the end if there is none. */
  readonly stable: number;
  /** Where the next fetch begins; undefined if nothing was found. */
  readonly next: number | undefined;
  /** Those of aborted transactions too. */
  readonly batches: readonly Batch[];
  readonly items: readonly (KafkaRecord | UnreadableBatch)[];
}

interface Aborted {
  readonly producerId: number;
  readonly firstOffset: number;
}

/**
 * Parses the response to a fetch (version 11). Messages of aborted transactions are left out, and so are messages that
 * don't fit into the limits: the next fetch begins there.
 */
export function readFetchResponse(
  bytes: Buffer,
  room = newRoom(),
): { readonly error: number; readonly partitions: readonly Fetched[] } {
  const reader = new Reader(bytes);
  reader.int32();
  const error = reader.int16();
  reader.int32();
  const topics = reader.array(reader.int32(), () => {
    reader.string(reader.int16());
    return reader.array(reader.int32(), (each) => readPartition(each, room));
  });
  return { error, partitions: topics.flat() };
}

function readPartition(reader: Reader, room: Room): Fetched {
  const partition = reader.int32();
  const error = reader.int16();
  const end = reader.int64();
  const stable = reader.int64();
  reader.int64();
  const aborted = reader.array(reader.int32(), () => ({ producerId: reader.int64(), firstOffset: reader.int64() }));
  reader.int32();
  const batches = readBatches(reader.bytes(Math.max(0, reader.int32())), room);
  const last = batches.at(-1);
  const next = last && last.lastOffset + 1;
  return { partition, error, end, stable, next, batches, items: committed(batches, aborted) };
}

function committed(batches: readonly Batch[], aborted: readonly Aborted[]): (KafkaRecord | UnreadableBatch)[] {
  const waiting = [...aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const given = new Set<number>();
  const items: (KafkaRecord | UnreadableBatch)[] = [];
  for (const batch of batches) {
    while (waiting[0] && waiting[0].firstOffset <= batch.lastOffset) given.add(waiting.shift()?.producerId ?? -1);
    if (batch.control === 'abort') given.delete(batch.producerId);
    if (batch.transactional && given.has(batch.producerId)) continue;
    if (batch.unreadable) items.push(batch.unreadable);
    for (const record of batch.records) items.push(record);
  }
  return items;
}
