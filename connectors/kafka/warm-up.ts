import type { LogUsage } from '../shared/log/usage.ts';
import type { Client } from './client.ts';
import { lastFetched, leaderOf } from './partition.ts';
import type { KafkaRecord } from './record-batch.ts';

/**
 * The offset from which operators see a partition again, before `position`; by time: the first record that is dated within
 * the time before the last one. `position` itself when there is none.
 */
export async function warmUpStart(
  client: Client,
  partition: number,
  { position, first, warmUp }: { readonly position: number; readonly first: number } & Pick<LogUsage, 'warmUp'>,
): Promise<number> {
  if (warmUp.by === 'count') return Math.min(Math.max(first, position - warmUp.count), position);
  if (warmUp.ms === 0) return position;
  const last = await recordBefore(client, partition, { position, first });
  if (!last) return position;
  // Negative times have meanings of their own in Kafka.
  const since = Math.max(0, last.timestamp - warmUp.ms);
  const found = (await client.offsets([partition], since)).get(partition) ?? position;
  return found < 0 ? position : Math.min(Math.max(first, found), position);
}

/** The last record before a position; beyond a few markers of transactions, or a hole, one that is somewhat older. */
async function recordBefore(
  client: Client,
  partition: number,
  { position, first }: { readonly position: number; readonly first: number },
): Promise<KafkaRecord | undefined> {
  const leader = leaderOf(client, partition);
  for (let back = 1; position > first; back *= 2) {
    const offset = Math.max(first, position - back);
    const found = await lastFetched(client, leader, { partition, offset, before: position });
    if (found) return found;
    if (offset === first) break;
  }
  return undefined;
}
