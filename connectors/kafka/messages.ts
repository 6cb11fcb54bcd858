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
  const bad = (problem: string, raw: Uint8Array, key: string | null): SourceMessage => ({
    ...{ key, timestamp, raw, value: undefined, meta: { ...origin, offset } },
    problem: new FdpError('FDP_MESSAGE_UNREADABLE', `${origin.topic}-${origin.partition}-${offset}: ${problem}`),
  });
  if (isUnreadable(item)) return bad(item.problem, item.bytes, null);
  if (item.value === null) return bad('expected JSON, got a tombstone', new Uint8Array(), item.key);
  return decodeRecord({ offset, timestamp, key: item.key, value: item.value }, origin);
}

/** The size of its value, bytes. */
export function bytesOf(item: Item): number {
  return isUnreadable(item) ? item.bytes.length : (item.value?.length ?? 0);
}

/** The offset after it. */
export function after(item: Item): number {
  return (isUnreadable(item) ? item.lastOffset : item.offset) + 1;
}
