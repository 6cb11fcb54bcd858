import type { Committed } from '../../src/kit/source.ts';
import type { Membership } from './client.ts';
import { reasonOf } from './errors.ts';
import { joinGroup } from './group-join.ts';
import type { Calls } from './kafkajs-calls.ts';
import type { Broker } from './kafkajs-internals.ts';
import type { ClientOptions, Link } from './kafkajs-link.ts';
import type { TopicCalls } from './kafkajs-topics.ts';

/** The metadata of a position: the id of the topic that it was meant for, and a note. Other tools write none. */
const beside = /^topic (\S+)(?: (.*))?$/s;

interface StoredPosition {
  readonly offset: string;
  readonly metadata: string | null;
}

/** Undefined if it was meant for another topic. */
function committedOf({ offset, metadata }: StoredPosition, topicId: string): Committed | undefined {
  const [, id = topicId, note] = beside.exec(metadata ?? '') ?? [];
  if (Number(offset) < 0 || id !== topicId) return undefined;
  return { position: Number(offset), ...(note === undefined ? {} : { note }) };
}

function storedPosition({ position, note }: Committed, topicId: string): StoredPosition {
  return { offset: String(position), metadata: `topic ${topicId}${note === undefined ? '' : ` ${note}`}` };
}

/** Calls to the broker that coordinates a group: membership and positions. */
export class GroupCalls {
  readonly #options: ClientOptions;
  readonly #link: Link;
  readonly #calls: Calls;
  readonly #topics: TopicCalls;
  /** The broker that coordinates a group. */
  readonly #coordinators = new Map<string, number>();

  constructor(options: ClientOptions, link: Link, { calls, topics }: { calls: Calls; topics: TopicCalls }) {
    this.#options = options;
    this.#link = link;
    this.#calls = calls;
    this.#topics = topics;
  }

  /** Makes the next call find the coordinator again, which may have changed. */
  forgetCoordinators(): void {
    this.#coordinators.clear();
  }

  async join(group: string, memberId = ''): Promise<Membership> {
    let currentId = memberId;
    const joinAs = (id: string) => {
      currentId = id;
    };
    for (;;) {
      try {
        return await this.#calls.run(`joining group ${group}`, () => this.#join(group, currentId, joinAs));
      } catch (error) {
        // Other members joined before the assignment was complete. The group waits for the member id that it has just
        // assigned: a new member beside it would make all wait until its session has expired.
        if (currentId === memberId || reasonOf(error) !== 'REBALANCE_IN_PROGRESS') throw error;
      }
    }
  }

  async #join(group: string, memberId: string, joinAs: (memberId: string) => void): Promise<Membership> {
    const coordinator = await this.#coordinator(group);
    const partitionsOf = (topics: readonly string[]) => this.#topics.findPartitions(topics);
    return joinGroup({ coordinator, group, memberId, topic: this.#options.topic, joinAs, partitionsOf });
  }

  heartbeat({ group, memberId, generation }: Membership): Promise<void> {
    return this.#calls.run(`sending a heartbeat to group ${group}`, async () => {
      const coordinator = await this.#coordinator(group);
      await coordinator.heartbeat({ groupId: group, memberId, groupGenerationId: generation });
    });
  }

  leave({ group, memberId }: Membership): Promise<void> {
    return this.#calls.run(`leaving group ${group}`, async () => {
      await (await this.#coordinator(group)).leaveGroup({ groupId: group, memberId });
    });
  }

  committed(group: string, partitions: readonly number[], topicId: string): Promise<ReadonlyMap<number, Committed>> {
    return this.#calls.run(`fetching the positions of group ${group}`, async () => {
      const topics = [{ topic: this.#options.topic, partitions: partitions.map((partition) => ({ partition })) }];
      const { responses } = await (await this.#coordinator(group)).offsetFetch({ groupId: group, topics });
      const found = new Map<number, Committed>();
      for (const { partition, ...stored } of responses.flatMap((each) => each.partitions)) {
        const committed = committedOf(stored, topicId);
        if (committed) found.set(partition, committed);
      }
      return found;
    });
  }

  commit(
    { group, memberId, generation }: Membership,
    positions: ReadonlyMap<number, Committed>,
    topicId: string,
  ): Promise<void> {
    return this.#calls.run(`committing positions of group ${group}`, async () => {
      const partitions = [...positions].map(([partition, at]) => ({ partition, ...storedPosition(at, topicId) }));
      const topics = [{ topic: this.#options.topic, partitions }];
      const coordinator = await this.#coordinator(group);
      await coordinator.offsetCommit({ groupId: group, memberId, groupGenerationId: generation, topics });
    });
  }

  async #coordinator(group: string): Promise<Broker> {
    const cluster = await this.#link.cluster();
    const known = this.#coordinators.get(group);
    if (known !== undefined) return cluster.findBroker({ nodeId: known });
    const broker = await cluster.brokerPool.findConnectedBroker();
    const { coordinator } = await broker.findGroupCoordinator({ groupId: group, coordinatorType: 0 });
    this.#coordinators.set(group, coordinator.nodeId);
    return cluster.findBroker({ nodeId: coordinator.nodeId });
  }
}
