import {
  type Admin,
  AssignerProtocol,
  Kafka,
  KafkaJSProtocolError,
  logLevel,
  type Message,
  type PartitionAssigner,
} from 'kafkajs';
import { eventually } from '../cli/platform.ts';

/** A record in a topic. */
export interface KafkaRecordView {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly timestamp: number;
}

/** kafkajs' admin does not wait until a new coordinator or leader is elected. */
function whenReady<T>(ask: () => Promise<T>): Promise<T> {
  return eventually('a coordinator or leader', () =>
    ask().catch((error) => {
      if (error instanceof KafkaJSProtocolError && error.retriable) return false as const;
      throw error;
    }),
  );
}

/** A broker as another program sees it: through kafkajs alone, without code of fdp. */
export class KafkaView implements AsyncDisposable {
  readonly #kafka: Kafka;
  readonly #admin: Admin;

  private constructor(kafka: Kafka) {
    this.#kafka = kafka;
    this.#admin = kafka.admin();
  }

  static async open(brokers: string): Promise<KafkaView> {
    const retry = { initialRetryTime: 100, maxRetryTime: 2000, retries: 20 };
    const options = { clientId: 'view', brokers: brokers.split(','), logLevel: logLevel.NOTHING, retry };
    const view = new KafkaView(new Kafka(options));
    await view.#admin.connect();
    return view;
  }

  /** Creates a topic if it is missing, and returns its number of partitions. */
  async makeTopic(topic: string, partitions: number, settings: Readonly<Record<string, string>> = {}): Promise<number> {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    const topics = [{ topic, numPartitions: partitions, configEntries }];
    await this.#admin.createTopics({ topics, waitForLeaders: false });
    // The brokers learn of the topic one after the other.
    return eventually(`${topic} has leaders`, async () => {
      const found = await this.#admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
      const made = found?.topics[0]?.partitions ?? [];
      return made.length > 0 && made.every(({ leader }) => leader >= 0) && made.length;
    });
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [topic] });
    await eventually(`${topic} is gone`, async () => !(await this.#admin.listTopics()).includes(topic));
  }

  /** Appends records to the partitions that they name. */
  async append(topic: string, messages: readonly Message[]): Promise<void> {
    const producer = this.#kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
    await producer.connect();
    await producer.send({ topic, acks: -1, messages: [...messages] });
    await producer.disconnect();
  }

  /** Appends records in a transaction that stays open. */
  async openTransaction(topic: string, messages: readonly Message[]): Promise<{ abort(): Promise<void> }> {
    const transactionalId = `${topic}-${performance.now()}`;
    const producer = this.#kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic, acks: -1, messages: [...messages] });
    return {
      abort: async () => {
        await transaction.abort();
        await producer.disconnect();
      },
    };
  }

  /** Committed positions of a group, by partition; -1 where there is none. */
  async positions(group: string, topic: string): Promise<ReadonlyMap<number, number>> {
    const [found] = await whenReady(() => this.#admin.fetchOffsets({ groupId: group, topics: [topic] }));
    return new Map(found?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  }

  /** Waits until a group has committed the end of every partition. */
  async untilReadThrough(group: string, topic: string, limitMs = 90_000): Promise<void> {
    const isThrough = async () => {
      const positions = await this.positions(group, topic);
      const ends = await whenReady(() => this.#admin.fetchTopicOffsets(topic));
      return ends.every(({ partition, high }) => high === '0' || positions.get(partition) === Number(high));
    };
    await eventually(`${group} has read ${topic} to its end`, isThrough, limitMs);
  }

  /** The number of members of a group, including those that died, until their session expires. */
  async members(group: string): Promise<number> {
    const { groups } = await this.#admin.describeGroups([group]);
    return groups[0]?.members.length ?? 0;
  }

  /** Sets a group back to the beginning, once it has no members. */
  async rewind(group: string, topic: string): Promise<void> {
    await eventually(`${group} is empty`, async () => (await this.members(group)) === 0);
    await this.#admin.resetOffsets({ groupId: group, topic, earliest: true });
  }

  /** Commits positions for a group, as its members do, once it has no members. */
  async commit(group: string, topic: string, positions: ReadonlyMap<number, number>): Promise<void> {
    await eventually(`${group} is empty`, async () => (await this.members(group)) === 0);
    const partitions = [...positions].map(([partition, offset]) => ({ partition, offset: String(offset) }));
    await this.#admin.setOffsets({ groupId: group, topic, partitions });
  }

  /** Joins a group as a program with its own assignment protocol; reads nothing. */
  async join(group: string, topic: string, protocol: string): Promise<{ leave(): Promise<void> }> {
    const assigner: PartitionAssigner = ({ cluster }) => {
      return {
        name: protocol,
        version: 1,
        assign: async ({ members }) =>
          members.map(({ memberId }) => ({
            memberId,
            memberAssignment: AssignerProtocol.MemberAssignment.encode({
              version: 1,
              assignment: { [topic]: cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId) },
              userData: Buffer.alloc(0),
            }),
          })),
        protocol: ({ topics }) => ({
          name: protocol,
          metadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
        }),
      };
    };
    const consumer = this.#kafka.consumer({ groupId: group, partitionAssigners: [assigner] });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
    await consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch: async () => {} });
    await joined;
    return { leave: () => consumer.disconnect() };
  }

  /** Every record of a topic, by partition and offset. */
  async records(topic: string): Promise<readonly KafkaRecordView[]> {
    const ends = await whenReady(() => this.#admin.fetchTopicOffsets(topic));
    const filled = ends.filter(({ high, low }) => high !== low);
    const open = new Map(filled.map(({ partition, high }) => [partition, Number(high)]));
    const found: KafkaRecordView[] = [];
    if (open.size === 0) return found;
    const consumer = this.#kafka.consumer({ groupId: `view-${process.pid}-${performance.now()}` });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    try {
      await new Promise<void>((resolve, reject) => {
        consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
        const eachMessage = async ({ partition, message }: Parameters<EachMessage>[0]) => {
          const { key, value, timestamp } = message;
          const offset = Number(message.offset);
          found.push({ partition, offset, key: key && String(key), value, timestamp: Number(timestamp) });
          if (offset + 1 >= (open.get(partition) ?? 0)) open.delete(partition);
          if (open.size === 0) resolve();
        };
        consumer.run({ autoCommit: false, eachMessage }).catch(reject);
      });
    } finally {
      await consumer.disconnect();
    }
    return found.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#admin.disconnect();
  }
}

type EachMessage = (payload: {
  readonly partition: number;
  readonly message: {
    readonly offset: string;
    readonly key: Buffer | null;
    readonly value: Buffer | null;
    readonly timestamp: string;
  };
}) => Promise<void>;
