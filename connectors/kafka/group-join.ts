import { assign, decodeAssignment, encodeAssignment, protocolName, subscriptionTo, topicsOf } from './assignment.ts';
import type { Membership } from './client.ts';
import type { Broker } from './kafkajs-internals.ts';

/** A member without a heartbeat for this long loses its partitions, ms. */
export const sessionMs = 10_000;
/** How long a rebalance waits for slow members, ms. */
const rebalanceMs = 15_000;

export interface JoinParts {
  readonly coordinator: Broker;
  readonly group: string;
  readonly topic: string;
  /** Empty for a new member. */
  readonly memberId: string;
  /** Called with the member id that the group has assigned. */
  joinAs(memberId: string): void;
  /** The number of partitions by topic; topics that are not visible are left out. */
  partitionsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/**
 * Joins a group and gets this member's partitions. The leader assigns every topic that any member of the
 * group reads, each to the members that read it.
 */
export async function joinGroup(parts: JoinParts): Promise<Membership> {
  const { coordinator, group, topic } = parts;
  const joined = await coordinator.joinGroup({
    ...{ groupId: group, memberId: parts.memberId, sessionTimeout: sessionMs, rebalanceTimeout: rebalanceMs },
    groupProtocols: [{ name: protocolName, metadata: subscriptionTo([topic]) }],
  });
  const { memberId, generationId: generation } = joined;
  parts.joinAs(memberId);
  const members = joined.members.map((member) => ({
    memberId: member.memberId,
    topics: topicsOf(member.memberMetadata),
  }));
  // Only the leader gets the list of members.
  const topics = [...new Set(members.flatMap((member) => member.topics))].sort();
  const found = topics.length > 0 ? await parts.partitionsOf(topics) : new Map<string, number>();
  const handedOut = new Map(topics.map((each) => [each, found.get(each) ?? 0]));
  const groupAssignment = [...assign(members, handedOut)].map(([id, assignment]) => ({
    memberId: id,
    memberAssignment: encodeAssignment(assignment),
  }));
  const synced = await coordinator.syncGroup({
    groupId: group,
    generationId: generation,
    memberId,
    groupAssignment,
  });
  const assignment = decodeAssignment(synced.memberAssignment);
  const foreign = [...assignment.keys()].filter((each) => each !== topic);
  return { group, memberId, generation, handedOut, foreign, partitions: assignment.get(topic) ?? [] };
}
