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
  return { first: first.get(partition) ?? 0, next: await endOf(client, partition) };
}

/** The offset that a partition's next record will have. */
export async function endOf(client: Client, partition: number): Promise<number> {
  return (await client.offsets([partition], 'end')).get(partition) ?? 0;
}

/** @throws FDP_UNAVAILABLE while the partition has no leader */
export function leaderOf(client: Client, partition: number): number {
  const leader = client.leaderOf(partition);
  if (leader === undefined) throw new FdpError('FDP_UNAVAILABLE', `partition ${partition} has no leader`);
  return leader;
}

/** Of the batch at an offset, the last record before another offset that can be read. */
export async function lastFetched(
  client: Client,
  leader: number,
  { partition, offset, before }: { readonly partition: number; readonly offset: number; readonly before: number },
): Promise<KafkaRecord | undefined> {
  const [fetched] = await client.fetch(leader, [{ partition, offset, maxBytes: 1 }], 0);
  const found = fetched?.items.findLast((item) => !isUnreadable(item) && item.offset < before);
  return found && !isUnreadable(found) ? found : undefined;
}

/** The record at an offset; undefined if it was removed, is not written yet, or is unreadable. */
export async function recordAt(client: Client, partition: number, offset: number): Promise<KafkaRecord | undefined> {
  const { first, next } = await rangeOf(client, partition);
  if (offset < first || offset >= next) return undefined;
  const leader = leaderOf(client, partition);
  const [fetched] = await client.fetch(leader, [{ partition, offset, maxBytes: 1 }], 0);
  const found = fetched?.items.find((item) => item.offset === offset);
  return found && !isUnreadable(found) ? found : undefined;
}

/** How far back the last record is looked for: the end of a partition may be markers of transactions. */
const steps = 20;

/**
 * The last record of a partition that can be read, before an open transaction; undefined when there is none near the end.
 */
export async function lastRecord(client: Client, partition: number): Promise<KafkaRecord | undefined> {
  const { first } = await rangeOf(client, partition);
  const end = (await client.offsets([partition], 'latest')).get(partition) ?? 0;
  const leader = leaderOf(client, partition);
  for (let offset = end - 1; offset >= Math.max(first, end - steps); offset--) {
    const found = await lastFetched(client, leader, { partition, offset, before: end });
    if (found) return found;
  }
  return undefined;
}
