import type { Committed } from '../../src/kit/source.ts';
import type { At, Client, Membership } from './client.ts';

export interface Start {
  readonly from: At;
  readonly topicId: string;
  /** From here on, partitions without a position were added since the group began. */
  readonly addedFrom: number;
}

/** Whether the group has read this topic before. To be called before joining, since others join at the same time. */
export async function hasBegun(
  client: Client,
  group: string,
  topic: { readonly id: string; readonly partitions: number },
): Promise<boolean> {
  const all = Array.from({ length: topic.partitions }, (_, partition) => partition);
  return (await client.committed(group, all, topic.id)).size > 0;
}

/**
 * The group's positions. Without one it begins as `from` says, and that is durable before anything is read. Records
 * that a partition added since has are newer than `latest`: it is read from its beginning.
 */
export async function startPositions(
  client: Client,
  membership: Membership,
  { from, topicId, addedFrom }: Start,
): Promise<ReadonlyMap<number, Committed>> {
  const known = await client.committed(membership.group, membership.partitions, topicId);
  const missing = membership.partitions.filter((partition) => !known.has(partition));
  if (missing.length === 0) return known;
  const isAdded = (partition: number) => from === 'latest' && partition >= addedFrom;
  const added = await client.offsets(missing.filter(isAdded), 'earliest');
  const others = await client.offsets(
    missing.filter((partition) => !isAdded(partition)),
    from,
  );
  const found = new Map([...added, ...others]);
  // No record is that recent: start at the end.
  const tooOld = missing.filter((partition) => (found.get(partition) ?? -1) < 0);
  if (tooOld.length > 0)
    for (const [partition, end] of await client.offsets(tooOld, 'latest')) found.set(partition, end);
  const begun = new Map([...found].map(([partition, position]) => [partition, { position }]));
  await client.commit(membership, begun, topicId);
  return new Map<number, Committed>([...known, ...begun]);
}
