import { makeTopic } from '../memory/partition.ts';
import type { MemorySpace } from '../memory/space.ts';
import type { Manifest } from './manifest.ts';

/** Makes the log that a tape is of, still empty: the id of its topic, its partitions, and where each begins. */
export function makeTapeLog(space: MemorySpace, topic: string, { topic_id, partitions }: Manifest): void {
  makeTopic(space, topic, { id: topic_id, firsts: partitions.map(({ first }) => first) });
}
