import { FdpError } from '../../src/errors.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import { decodeRecord, type RecordOrigin } from '../shared/log/codec.ts';
import type { KafkaRecord, UnreadableBatch } from './record-batch.ts';

/** The entries of a fetch, in order. */
export type Item = KafkaRecord | UnreadableBatch;

/** True for an unreadable batch. */
export function isUnreadable(item: Item): item is UnreadableBatch {
  return 'lastOffset' in item;
}

/** As a source message; an unreadable one carries the problem, its coordinates and its bytes. */
export function messageFrom(item: Item, origin: RecordOrigin): SourceMessage {
  const { offset, timestamp } = item;
  if (isUnreadable(item)) {
    const text = `${origin.topic}-${origin.partition}-${offset}: ${item.problem}`;
    const problem = new FdpError('FDP_MESSAGE_UNREADABLE', text);
    return { key: null, timestamp, raw: item.bytes, value: undefined, meta: { ...origin, offset }, problem };
  }
  if (hasValue(item)) return decodeRecord(item, origin);
  const { key, extra } = item;
  const tombstone = { ...extra, isTombstone: true } as const;
  return decodeRecord({ offset, timestamp, key, value: new Uint8Array(), extra: tombstone }, origin);
}

function hasValue(record: KafkaRecord): record is KafkaRecord & { readonly value: Buffer } {
  return record.value !== null;
}

/** The size of its value, bytes. */
export function bytesOf(item: Item): number {
  return isUnreadable(item) ? item.bytes.length : (item.value?.length ?? 0);
}

/** Roughly what it takes in memory, bytes. */
export function weightOf(item: Item): number {
  return bytesOf(item) + 100;
}

/** The offset after it. */
export function after(item: Item): number {
  return (isUnreadable(item) ? item.lastOffset : item.offset) + 1;
}
