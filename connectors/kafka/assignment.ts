import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** The name of the assignment protocol, the same as kafkajs's, so that both may be in one group. */
export const protocolName = 'RoundRobinAssigner';
const version = 0;

/** A member, and the topics that it reads. */
export interface Subscriber {
  readonly memberId: string;
  readonly topics: readonly string[];
}

/** Partitions by topic. */
export type Assignment = ReadonlyMap<string, readonly number[]>;

/**
 * Assigns the partitions of each topic to the members that read it, one to each in turn. A group may have members
 * that read other topics: they get none of this one.
 */
export function assign(
  members: readonly Subscriber[],
  partitions: ReadonlyMap<string, number>,
): ReadonlyMap<string, Assignment> {
  const all = new Map(members.map(({ memberId }) => [memberId, new Map<string, number[]>()]));
  for (const [topic, count] of partitions) {
    const readers = members.filter(({ topics }) => topics.includes(topic)).map(({ memberId }) => memberId);
    readers.sort();
    for (let partition = 0; partition < count && readers.length > 0; partition++) {
      const given = all.get(readers[partition % readers.length] ?? '');
      given?.set(topic, [...(given.get(topic) ?? []), partition]);
    }
  }
  return all;
}

/** A member's metadata when it joins. */
export function subscriptionTo(topics: readonly string[]): Buffer {
  const writer = new Writer().int16(version).int32(topics.length);
  for (const topic of topics) writer.string(topic);
  return writer.int32(0).bytes;
}

/** The topics that a member reads; none if its metadata is in an unknown format. */
export function topicsOf(subscription: Buffer): readonly string[] {
  try {
    const reader = new Reader(subscription);
    reader.int16();
    return reader.array(reader.int32(), () => reader.string(reader.int16()));
  } catch {
    return [];
  }
}

export function encodeAssignment(assignment: Assignment): Buffer {
  const writer = new Writer().int16(version).int32(assignment.size);
  for (const [topic, partitions] of assignment) {
    writer.string(topic).int32(partitions.length);
    for (const partition of partitions) writer.int32(partition);
  }
  return writer.int32(0).bytes;
}

/** What the group's leader assigned to a member; no bytes mean nothing. */
export function decodeAssignment(bytes: Buffer): Assignment {
  if (bytes.length === 0) return new Map();
  const reader = new Reader(bytes);
  reader.int16();
  return new Map(
    reader.array(reader.int32(), () => {
      const topic = reader.string(reader.int16());
      return [topic, reader.array(reader.int32(), (each) => each.int32())] as const;
    }),
  );
}
