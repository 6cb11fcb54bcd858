import { Observable, type Subscriber } from 'rxjs';
import { FdpError } from '../../src/errors.ts';
import { linkedAbort, onAbort } from '../../src/kit/clock.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Committed, Lane, Source } from '../../src/kit/source.ts';
import type { LogUsage } from '../shared/log/usage.ts';
import type { Client, Membership } from './client.ts';
import { Fetcher } from './fetcher.ts';
import { KafkaLane } from './lane.ts';
import { isRebalancing, leaseLost, Member } from './member.ts';
import { OpenTransactions } from './open-transactions.ts';
import { rangeOf, recordAt } from './partition.ts';
import { hasBegun, startPositions } from './start-positions.ts';
import { openTopic, type TopicOptions } from './topic.ts';
import { warmUpStart } from './warm-up.ts';

const leaveMs = 2000;

/** Reads a topic as a member of a consumer group: a lane for each assigned partition. */
export class KafkaSource implements Source {
  readonly replayable = true;
  readonly lanes: Observable<Lane> = new Observable((subscriber) => this.#subscribe(subscriber));
  readonly #options: TopicOptions;
  readonly #usage: LogUsage;
  readonly #context: RoleContext;
  readonly #newClient: () => Client;
  readonly #open = new Map<number, KafkaLane>();
  #client: Client | undefined;
  #member: Member | undefined;
  #fetcher: Fetcher | undefined;
  #topicId = '';
  #partitions = 0;
  /** From here on, partitions without a position were added since the group began. */
  #addedFrom = 0;
  /** Aborts when the intake ends; the member stays, for the last commits. */
  #drained = linkedAbort().controller;
  #left = linkedAbort().controller;
  #subscriber: Subscriber<Lane> | undefined;
  readonly #transactions: OpenTransactions;
  #failure: { readonly error: unknown } | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: { options: TopicOptions; usage: LogUsage; context: RoleContext; newClient: () => Client }) {
    this.#options = parts.options;
    this.#usage = parts.usage;
    this.#context = parts.context;
    this.#newClient = parts.newClient;
    this.#transactions = new OpenTransactions(parts.options.name, parts.context.log);
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#closing;
    this.#closing = undefined;
    await this.#free();
    this.#drained = linkedAbort().controller;
    this.#left = linkedAbort().controller;
    this.#failure = undefined;
    const client = this.#newClient();
    this.#client = client;
    const release = onAbort(signal, () => void client.close());
    try {
      await this.#join(client);
    } catch (error) {
      if (signal.aborted) throw new FdpError('FDP_CLOSED', `${this.#options.name}: stopped while connecting`);
      await this.#free();
      throw error;
    } finally {
      release();
    }
  }

  async #join(client: Client): Promise<void> {
    await client.connect();
    const topic = await openTopic(client, this.#options, this.#context);
    this.#topicId = topic.id;
    this.#partitions = topic.partitions;
    this.#addedFrom = (await hasBegun(client, this.#usage.group, topic)) ? 0 : topic.partitions;
    const onFatal = (error: unknown) => this.#fail(error);
    this.#fetcher = new Fetcher({
      ...{ client, environment: this.#context, stopped: this.#drained.signal, onFatal },
      lanes: () => this.#open.values(),
      onOutOfRange: (lane, offset) => this.#outOfRange(client, lane, offset),
    });
    this.#member = new Member({
      ...{ client, context: this.#context, name: this.#options.name, group: this.#usage.group, onFatal },
      stopped: this.#left.signal,
      onAssigned: (membership) => this.#assigned(client, membership),
      onRevoked: () => this.#revokeAll(),
      onCheck: (membership) => this.#check(client, membership),
    });
    await this.#member.join();
  }

  lag(): number | undefined {
    if (this.#open.size === 0) return undefined;
    return [...this.#open.values()].reduce((sum, lane) => sum + lane.lag, 0);
  }

  close(): Promise<void> {
    this.#closing ??= this.#free();
    return this.#closing;
  }

  async #free(): Promise<void> {
    this.#drained.abort();
    this.#left.abort();
    this.#revokeAll();
    const [member, client] = [this.#member, this.#client];
    this.#member = undefined;
    this.#client = undefined;
    await member?.leave(leaveMs);
    await client?.close();
    await member?.ended();
  }

  #subscribe(subscriber: Subscriber<Lane>): () => void {
    this.#subscriber = subscriber;
    if (this.#failure) subscriber.error(this.#failure.error);
    else for (const lane of this.#open.values()) subscriber.next(lane);
    return () => {
      this.#subscriber = undefined;
      this.#drained.abort();
    };
  }

  // ---- partitions -----------------------------------------------------------------------------------------------

  async #assigned(client: Client, membership: Membership): Promise<void> {
    const { partitions } = membership;
    if (partitions.length === 0) return;
    // The ends are fetched after the positions: the log may grow meanwhile, and a position beyond the end means another
    // log.
    const { from } = this.#usage;
    const start = { from, topicId: this.#topicId, addedFrom: this.#addedFrom };
    const positions = await startPositions(client, membership, start);
    const [first, end] = await Promise.all([client.offsets(partitions, 'earliest'), client.offsets(partitions, 'end')]);
    const opened = partitions.map(async (partition) => {
      const bounds = { first: first.get(partition) ?? 0, end: end.get(partition) ?? 0 };
      const begin = positions.get(partition) ?? { position: bounds.first };
      const { position } = begin;
      if (position > bounds.end) throw this.#beyondEnd({ partition, position, end: bounds.end });
      const warmFrom = await this.#warmUpStart(client, partition, { position, first: bounds.first });
      return this.#lane(client, membership, { partition, start: begin, warmFrom, ...bounds });
    });
    for (const lane of await Promise.all(opened)) this.#open.set(lane.partition, lane);
    if (this.#drained.signal.aborted) return;
    for (const lane of this.#open.values()) this.#subscriber?.next(lane);
    this.#fetcher?.pump();
  }

  #lane(
    client: Client,
    membership: Membership,
    at: { partition: number; start: Committed; first: number; end: number; warmFrom: number },
  ): KafkaLane {
    const { name, topic } = this.#options;
    const { partition, first } = at;
    return new KafkaLane({
      ...at,
      warmUpStart: (position) => this.#warmUpStart(client, partition, { position, first }),
      ...{ name, topic, usage: this.#usage, context: this.#context, stopped: this.#drained.signal },
      id: `${this.#topicId}/${topic}/${partition}`,
      commit: (committed) => this.#commit(client, membership, { partition, committed }),
      onHungry: () => this.#fetcher?.pump(),
      recordAt: (offset) => recordAt(client, partition, offset),
      range: () => rangeOf(client, partition),
    });
  }

  #warmUpStart(client: Client, partition: number, at: { position: number; first: number }): Promise<number> {
    return warmUpStart(client, partition, { ...at, warmUp: this.#usage.warmUp });
  }

  async #commit(
    client: Client,
    membership: Membership,
    { partition, committed }: { partition: number; committed: Committed },
  ): Promise<void> {
    try {
      await client.commit(membership, new Map([[partition, committed]]), this.#topicId);
    } catch (error) {
      if (!isRebalancing(error)) throw error;
      this.#member?.suspect();
      throw leaseLost(this.#options.name, this.#usage.group, error);
    }
  }

  #revokeAll(): void {
    for (const lane of this.#open.values()) lane.revoke();
    this.#open.clear();
  }

  async #check(client: Client, { partitions, handedOut }: Membership): Promise<boolean> {
    const found = await client.topic();
    if (found?.id !== this.#topicId) {
      this.#fail(this.#topicGone());
      return false;
    }
    for (const [partition, end] of await client.offsets(partitions, 'end')) this.#open.get(partition)?.endsAt(end);
    this.#transactions.check(this.#open.values());
    if (found.partitions !== this.#partitions) {
      this.#partitions = found.partitions;
      await client.refresh();
    }
    const now = await client.partitionsOf([...handedOut.keys()]);
    return [...handedOut].some(([topic, count]) => (now.get(topic) ?? 0) !== count);
  }

  async #outOfRange(client: Client, lane: KafkaLane, offset: number): Promise<void> {
    const { partition } = lane;
    const { first, next } = await rangeOf(client, partition);
    if (offset < first) lane.skipTo(first);
    else if (offset > next) {
      const found = await client.topic();
      this.#fail(
        found?.id === this.#topicId ? this.#beyondEnd({ partition, position: offset, end: next }) : this.#topicGone(),
      );
    }
  }

  /** Transient: the topology restarts, and creates the topic or reads the new one. */
  #topicGone(): FdpError {
    const { name, topic } = this.#options;
    return new FdpError('FDP_CONNECTION_LOST', `${name}: topic ${topic} was deleted or created again`);
  }

  #beyondEnd({ partition, position, end }: { partition: number; position: number; end: number }): FdpError {
    return new FdpError(
      'FDP_POSITION_BEYOND_END',
      `${this.#options.name}: group ${this.#usage.group} is at ${position} of partition ${partition}, beyond the end of the log, ` +
        `${end}: restore the log, or reset the group with kafka-consumer-groups --reset-offsets while it has no members`,
    );
  }

  #fail(error: unknown): void {
    if (this.#failure || this.#left.signal.aborted) return;
    this.#failure = { error };
    this.#revokeAll();
    this.#drained.abort();
    this.#subscriber?.error(error);
  }
}
