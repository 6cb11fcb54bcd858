import { FdpError } from '../../src/errors.ts';
import type { Client } from './client.ts';
import { isUnreadable } from './messages.ts';
import type { KafkaRecord } from './record-batch.ts';

/** The offsets of a partition: its first, and the next one to be written. */
export async function rangeOf(
  client: Client,
  partition: number,
): Promise<{ readonly first: number; readonly next: number }> {
  const first = await client.offsets([partition], 'earliest');
  const next = await client.offsets([partition], 'end');
  return { first: first.get(partition) ?? 0, next: next.get(partition) ?? 0 };
}

/** The record at an offset; undefined if it was removed, is not written yet, or is unreadable. */
export async function recordAt(client: Client, partition: number, offset: number): Promise<KafkaRecord | undefined> {
  const { first, next } = await rangeOf(client, partition);
  if (offset < first || offset >= next) return undefined;
  const leader = client.leaderOf(partition);
  if (leader === undefined) throw new FdpError('FDP_UNAVAILABLE', `partition ${partition} has no leader`);
  const [fetched] = await client.fetch(leader, [{ partition, offset, maxBytes: 1 }], 0);
  const found = fetched?.items.find((item) => item.offset === offset);
  return found && !isUnreadable(found) ? found : undefined;
}
