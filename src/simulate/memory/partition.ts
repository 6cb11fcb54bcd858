import type { MemoryPartition, MemorySpace } from './space.ts';

/** The offset that the next record gets. */
export function nextOffset({ first, records }: Pick<MemoryPartition, 'first' | 'records'>): number {
  return (records.at(-1)?.offset ?? first - 1) + 1;
}

/** Where in `records` the first one stands that is not before an offset. */
export function indexOf({ first, records }: Pick<MemoryPartition, 'first' | 'records'>, offset: number): number {
  const straight = Math.max(0, offset - first);
  if (straight === 0 || records[straight]?.offset === offset) return straight;
  let [low, high] = [0, records.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.offset ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Makes a topic before anything opens it: with this id, and an empty partition for each first offset. */
export function makeTopic(
  space: MemorySpace,
  topic: string,
  { id, firsts }: { readonly id: string; readonly firsts: readonly number[] },
): void {
  const partitions = firsts.map((first) => ({ first, records: [], bytes: 0 }));
  space.topics.set(topic, { id, partitions, groups: new Map(), revoked: new Set() });
}
