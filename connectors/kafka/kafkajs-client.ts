import type { Committed } from '../../src/kit/source.ts';
import type { At, Client, Membership, NewTopic, OutBatch, ProducerId, TopicFacts, Want } from './client.ts';
import { reasonOf, unsent } from './errors.ts';
import { type Fetched, readFetchResponse } from './fetch-response.ts';
import { Calls, soonAttempts, soonMs } from './kafkajs-calls.ts';
import { GroupCalls } from './kafkajs-groups.ts';
import { type Broker, type Cluster, readBy } from './kafkajs-internals.ts';
import { type ClientOptions, Link } from './kafkajs-link.ts';
import { TopicCalls } from './kafkajs-topics.ts';
import { Outbox } from './outbox.ts';
import { recordBatch } from './produce.ts';
import { newRoom } from './record-batch.ts';

/** Another broker leads the partition now, or will soon. */
const moved = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']);
const maxFetchBytes = 4 * 1024 ** 2;

/** The client on the connections and the protocol of kafkajs. */
export class KafkajsClient implements Client {
  readonly #options: ClientOptions;
  readonly #link: Link;
  readonly #outbox: Outbox;
  readonly #calls: Calls;
  readonly #topics: TopicCalls;
  readonly #groups: GroupCalls;
  #described: ReturnType<Cluster['findTopicPartitionMetadata']> = [];
  #leaders: ReadonlyMap<number, number> = new Map();

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#link = new Link(options);
    this.#outbox = new Outbox(options.topic, this.#link.kafkajs);
    const calls = new Calls(options, this.#link, () => this.#groups.forgetCoordinators());
    this.#calls = calls;
    this.#topics = new TopicCalls(options, this.#link, calls);
    this.#groups = new GroupCalls(options, this.#link, { calls, topics: this.#topics });
  }

  connect(): Promise<void> {
    return this.#calls.run('connecting', async () => void (await this.#link.cluster()));
  }

  topic(): Promise<TopicFacts | undefined> {
    return this.#topics.facts();
  }

  partitionsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return this.#topics.partitionsOf(topics);
  }

  createTopic(topic: NewTopic): Promise<boolean> {
    return this.#topics.create(topic);
  }

  setting(name: string): Promise<string | undefined> {
    return this.#topics.setting(name);
  }

  refresh(): Promise<void> {
    return this.#calls.run('looking for leaders', async () => {
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
    return this.#calls.run('asking for offsets', async () => {
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

  /** From the latest metadata. */
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

  fetch(leader: number, wants: readonly Want[], waitMs: number, upTo?: 'latest' | 'end'): Promise<readonly Fetched[]> {
    return this.#calls.run('reading', async () => {
      const broker = await (await this.#link.cluster()).findBroker({ nodeId: leader });
      const partitions = wants.map(({ partition, offset, maxBytes }) => ({ partition, fetchOffset: offset, maxBytes }));
      const isolationLevel = upTo === 'end' ? 0 : 1;
      const request = this.#link.kafkajs.fetchRequest({
        ...{ replicaId: -1, maxWaitTime: waitMs, minBytes: 1, maxBytes: maxFetchBytes, isolationLevel },
        topics: [{ topic: this.#options.topic, partitions }],
      });
      const read = (bytes: Buffer) => readFetchResponse(bytes, newRoom(this.#options.unpackedBytes));
      const call = { request, response: readBy(read) };
      const { error, partitions: found } = await broker.connectionPool.send(call);
      if (error !== 0) throw this.#link.kafkajs.errorOf(error);
      return found;
    });
  }

  join(group: string, memberId = ''): Promise<Membership> {
    return this.#groups.join(group, memberId);
  }

  heartbeat(membership: Membership): Promise<void> {
    return this.#groups.heartbeat(membership);
  }

  leave(membership: Membership): Promise<void> {
    return this.#groups.leave(membership);
  }

  committed(group: string, partitions: readonly number[], topicId: string): Promise<ReadonlyMap<number, Committed>> {
    return this.#groups.committed(group, partitions, topicId);
  }

  commit(membership: Membership, positions: ReadonlyMap<number, Committed>, topicId: string): Promise<void> {
    return this.#groups.commit(membership, positions, topicId);
  }

  newProducer(): Promise<ProducerId> {
    return this.#calls.run('getting a producer id', async () => {
      const broker = await (await this.#link.cluster()).brokerPool.findConnectedBroker();
      const { producerId, producerEpoch } = await broker.initProducerId({ transactionTimeout: 60_000 });
      return { id: Number(producerId), epoch: producerEpoch };
    });
  }

  async append(batch: OutBatch): Promise<number> {
    const what = `writing to partition ${batch.partition}`;
    const leader = await this.#calls
      .run(what, () => this.#leader(batch.partition))
      .catch((error) => {
        throw unsent(error);
      });
    const bytes = recordBatch(batch, this.#link.kafkajs.checksum);
    return this.#calls.run(what, () => this.#outbox.send(leader, { partition: batch.partition, bytes }));
  }

  async #leader(partition: number): Promise<Broker> {
    const cluster = await this.#link.cluster();
    const nodeId = this.leaderOf(partition);
    if (nodeId === undefined) throw this.#link.kafkajs.errorOf(5);
    return cluster.findBroker({ nodeId });
  }

  reset(): void {
    this.#groups.forgetCoordinators();
    this.#link.reset();
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}
