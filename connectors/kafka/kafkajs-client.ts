import { messageOf } from '../../src/errors.ts';
import type { Committed } from '../../src/kit/source.ts';
import type { At, Client, Membership, NewTopic, OutBatch, ProducerId, TopicFacts, Want } from './client.ts';
import { kafkaError, reasonOf, unsent } from './errors.ts';
import { type Fetched, readFetchResponse } from './fetch-response.ts';
import { joinGroup } from './group-join.ts';
import { type Broker, type Cluster, readBy } from './kafkajs-internals.ts';
import { type ClientOptions, Link } from './kafkajs-link.ts';
import { type DescribedTopic, describeTopic, topicIdVersion } from './metadata.ts';
import { Outbox } from './outbox.ts';
import { recordBatch } from './produce.ts';
import { newRoom } from './record-batch.ts';

/** Brokers that just started, or use groups for the first time, make themselves ready: that takes a moment. */
const soon = new Set(['GROUP_COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP', 'GROUP_LOAD_IN_PROGRESS']);
/** Another broker leads the partition by now, or will in a moment. */
const moved = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']);
/** A topic that this client may not see, or that no broker knows. */
const unseen = new Set(['TOPIC_AUTHORIZATION_FAILED', 'INVALID_TOPIC_EXCEPTION', 'UNKNOWN_TOPIC_OR_PARTITION']);
const soonAttempts = 30;
const soonMs = 100;
const maxFetchBytes = 4 * 1024 ** 2;

/** What stands beside a position: for which topic of that name it was meant, and a note. Other tools leave nothing. */
const beside = /^topic (\S+)(?: (.*))?$/s;

interface StoredPosition {
  readonly offset: string;
  readonly metadata: string | null;
}

/** Undefined when it was meant for another topic. */
function committedOf({ offset, metadata }: StoredPosition, topicId: string): Committed | undefined {
  const [, id = topicId, note] = beside.exec(metadata ?? '') ?? [];
  if (Number(offset) < 0 || id !== topicId) return undefined;
  return { position: Number(offset), ...(note === undefined ? {} : { note }) };
}

function storedPosition({ position, note }: Committed, topicId: string): StoredPosition {
  return { offset: String(position), metadata: `topic ${topicId}${note === undefined ? '' : ` ${note}`}` };
}

/** The client on the connections and the protocol of kafkajs. */
export class KafkajsClient implements Client {
  readonly #options: ClientOptions;
  readonly #link: Link;
  readonly #outbox: Outbox;
  /** The broker that coordinates a group. */
  readonly #coordinators = new Map<string, number>();
  #described: ReturnType<Cluster['findTopicPartitionMetadata']> = [];
  #leaders: ReadonlyMap<number, number> = new Map();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#link = new Link(options);
    this.#outbox = new Outbox(options.topic, this.#link.kafkajs);
  }

  connect(): Promise<void> {
    return this.#doing('connecting', async () => void (await this.#link.cluster()));
  }

  topic(): Promise<TopicFacts | undefined> {
    const { topic } = this.#options;
    return this.#doing(`looking up topic ${topic}`, () => this.#factsOf(topic));
  }

  partitionsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.#doing('looking for topics', () => this.#partitionsOf(topics));
  }

  async #partitionsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    for (const topic of topics) {
      const facts = await this.#factsOf(topic).catch((error) => {
        // Another member reads it, with rights of its own.
        if (topic === this.#options.topic || !unseen.has(reasonOf(kafkaError('', '', error)) ?? '')) throw error;
        return undefined;
      });
      if (facts) found.set(topic, facts.partitions);
      else if (topic === this.#options.topic) throw this.#link.kafkajs.errorOf(3);
    }
    return found;
  }

  async #factsOf(topic: string): Promise<TopicFacts | undefined> {
    const broker = await (await this.#link.cluster()).brokerPool.findConnectedBroker();
    if ((this.#link.versions?.[3]?.maxVersion ?? 0) < topicIdVersion) return this.#factsWithoutId(broker, topic);
    const { error, ...facts } = await broker.connectionPool.send<DescribedTopic>(
      describeTopic(topic, this.#link.kafkajs),
    );
    if (error === 3) return undefined;
    if (error !== 0) throw this.#link.kafkajs.errorOf(error);
    return facts;
  }

  async #factsWithoutId(broker: Broker, topic: string): Promise<TopicFacts | undefined> {
    try {
      const { clusterId, topicMetadata } = await broker.metadata([topic]);
      return { id: clusterId, partitions: topicMetadata[0]?.partitionMetadata.length ?? 0 };
    } catch (error) {
      if (reasonOf(kafkaError('', '', error)) === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined;
      throw error;
    }
  }

  createTopic({ partitions, replicas = -1, settings }: NewTopic): Promise<boolean> {
    const { topic } = this.#options;
    return this.#doing(`making topic ${topic}`, async () => {
      const cluster = await this.#link.cluster();
      await cluster.refreshMetadata();
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
      const wanted = { topic, numPartitions: partitions, replicationFactor: replicas, configEntries };
      try {
        await (await cluster.findControllerBroker()).createTopics({ topics: [wanted] });
        return true;
      } catch (error) {
        if (reasonOf(kafkaError('', '', error)) === 'TOPIC_ALREADY_EXISTS') return false;
        throw error;
      }
    });
  }

  async setting(name: string): Promise<string | undefined> {
    try {
      const cluster = await this.#link.cluster();
      const broker = await cluster.brokerPool.findConnectedBroker();
      const resources = [{ type: 2, name: this.#options.topic, configNames: [name] }];
      const found = await broker.describeConfigs({ resources });
      return found.resources[0]?.configEntries.find(({ configName }) => configName === name)?.configValue;
    } catch (error) {
      this.#options.log.debug({}, `${this.#options.name}: ${name} can't be seen: ${messageOf(error)}`);
      return undefined;
    }
  }

  refresh(): Promise<void> {
    return this.#doing('looking for leaders', async () => {
      const cluster = await this.#link.cluster();
      await cluster.addTargetTopic(this.#options.topic);
      this.#link.wantsLeaders = true;
      await cluster.refreshMetadata();
    });
  }

  async offsets(partitions: readonly number[], at: At): Promise<ReadonlyMap<number, number>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#offsets(partitions, at);
      } catch (error) {
        if (!moved.has(reasonOf(error) ?? '') || attempt === soonAttempts || this.#link.closed) throw error;
        await this.#options.clock.sleep(soonMs);
        await this.refresh();
      }
    }
  }

  #offsets(partitions: readonly number[], at: At): Promise<ReadonlyMap<number, number>> {
    return this.#doing('asking for offsets', async () => {
      const timestamp = at === 'earliest' ? -2 : typeof at === 'number' ? at : -1;
      const isolationLevel = at === 'end' ? 0 : 1;
      const found = new Map<number, number>();
      for (const [nodeId, led] of await this.#byLeader(partitions)) {
        const broker = await (await this.#link.cluster()).findBroker({ nodeId });
        const topics = [
          {
            topic: this.#options.topic,
            partitions: led.map((partition) => ({ partition, timestamp: `${timestamp}` })),
          },
        ];
        const { responses } = await broker.listOffsets({ replicaId: -1, isolationLevel, topics });
        for (const { partition, offset } of responses.flatMap((each) => each.partitions))
          found.set(partition, Number(offset));
      }
      return found;
    });
  }

  async #byLeader(partitions: readonly number[]): Promise<ReadonlyMap<number, number[]>> {
    const byLeader = new Map<number, number[]>();
    await this.#link.cluster();
    for (const partition of partitions) {
      const leader = this.leaderOf(partition);
      if (leader === undefined) throw this.#link.kafkajs.errorOf(5);
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), partition]);
    }
    return byLeader;
  }

  /** From what was learnt last. */
  leaderOf(partition: number): number | undefined {
    const described = this.#describedPartitions();
    if (described !== this.#described) {
      this.#described = described;
      this.#leaders = new Map(
        described.flatMap(({ partitionId, leader }) => (leader !== null && leader >= 0 ? [[partitionId, leader]] : [])),
      );
    }
    return this.#leaders.get(partition);
  }

  #describedPartitions(): ReturnType<Cluster['findTopicPartitionMetadata']> {
    try {
      return this.#link.known?.findTopicPartitionMetadata(this.#options.topic) ?? [];
    } catch {
      return []; // nothing was learnt yet
    }
  }

  fetch(leader: number, wants: readonly Want[], waitMs: number): Promise<readonly Fetched[]> {
    return this.#doing('reading', async () => {
      const broker = await (await this.#link.cluster()).findBroker({ nodeId: leader });
      const partitions = wants.map(({ partition, offset, maxBytes }) => ({ partition, fetchOffset: offset, maxBytes }));
      const request = this.#link.kafkajs.fetchRequest({
        ...{ replicaId: -1, maxWaitTime: waitMs, minBytes: 1, maxBytes: maxFetchBytes, isolationLevel: 1 },
        topics: [{ topic: this.#options.topic, partitions }],
      });
      const read = (bytes: Buffer) => readFetchResponse(bytes, newRoom(this.#options.unpackedBytes));
      const exchange = { request, response: readBy(read) };
      const { error, partitions: found } = await broker.connectionPool.send(exchange);
      if (error !== 0) throw this.#link.kafkajs.errorOf(error);
      return found;
    });
  }

  async join(group: string, memberId = ''): Promise<Membership> {
    let place = memberId;
    const joinAs = (id: string) => {
      place = id;
    };
    for (;;) {
      try {
        return await this.#doing(`joining group ${group}`, () => this.#join(group, place, joinAs));
      } catch (error) {
        // Others came before everybody knew what is theirs. The group waits for the place that it has just given: a new
        // one beside it would make all wait until its session has run out.
        if (place === memberId || reasonOf(error) !== 'REBALANCE_IN_PROGRESS') throw error;
      }
    }
  }

  async #join(group: string, memberId: string, joinAs: (memberId: string) => void): Promise<Membership> {
    const coordinator = await this.#coordinator(group);
    const partitionsOf = (topics: readonly string[]) => this.#partitionsOf(topics);
    return joinGroup({ coordinator, group, memberId, topic: this.#options.topic, joinAs, partitionsOf });
  }

  heartbeat({ group, memberId, generation }: Membership): Promise<void> {
    return this.#doing(`sending a heartbeat to group ${group}`, async () => {
      const coordinator = await this.#coordinator(group);
      await coordinator.heartbeat({ groupId: group, memberId, groupGenerationId: generation });
    });
  }

  leave({ group, memberId }: Membership): Promise<void> {
    return this.#doing(`leaving group ${group}`, async () => {
      await (await this.#coordinator(group)).leaveGroup({ groupId: group, memberId });
    });
  }

  committed(group: string, partitions: readonly number[], topicId: string): Promise<ReadonlyMap<number, Committed>> {
    return this.#doing(`fetching the positions of group ${group}`, async () => {
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
    return this.#doing(`committing positions of group ${group}`, async () => {
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

  newProducer(): Promise<ProducerId> {
    return this.#doing('getting a producer id', async () => {
      const broker = await (await this.#link.cluster()).brokerPool.findConnectedBroker();
      const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: 60_000 });
      return { id: Number(producerId), epoch: producerEpoch };
    });
  }

  async append(batch: OutBatch): Promise<void> {
    const what = `writing to partition ${batch.partition}`;
    const leader = await this.#doing(what, () => this.#leader(batch.partition)).catch((error) => {
      throw unsent(error);
    });
    const bytes = recordBatch(batch, this.#link.kafkajs.checksum);
    await this.#doing(what, () => this.#outbox.send(leader, { partition: batch.partition, bytes }));
  }

  async #leader(partition: number): Promise<Broker> {
    const cluster = await this.#link.cluster();
    const nodeId = this.leaderOf(partition);
    if (nodeId === undefined) throw this.#link.kafkajs.errorOf(5);
    return cluster.findBroker({ nodeId });
  }

  reset(): void {
    this.#coordinators.clear();
    this.#link.reset();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  async #doing<T>(what: string, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        const done = await work();
        this.#options.proven.worked(what);
        return done;
      } catch (error) {
        const { name, brokers, proven } = this.#options;
        const failed = proven.judge(what, kafkaError(name, what, error, brokers));
        // The next call looks it up again: another broker may coordinate by then.
        this.#coordinators.clear();
        const isSoon = soon.has(reasonOf(failed) ?? '') && attempt < soonAttempts && !this.#link.closed;
        if (!isSoon) throw failed;
        await this.#options.clock.sleep(soonMs);
      }
    }
  }
}
