import { type Broker, type KafkaCall, type Kafkajs, readBy } from './kafkajs-internals.ts';
import { requestMs } from './kafkajs-link.ts';
import { type Parcel, type Produced, produceRequest, produceVersion, readProduceResponse } from './produce.ts';

/** The most bytes of batches in one request; a larger batch is sent alone. */
const maxRequestBytes = 1024 ** 2;
/** For partitions that the response leaves out: Kafka's code for unknown errors. */
const unanswered: Produced = { error: -1, offset: -1 };

interface Sent extends Parcel {
  readonly resolve: (offset: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends batches of a topic to its brokers. Those for one broker that are given in one turn share a request: a
 * request costs both sides more than its content. Each has its own outcome.
 */
export class Outbox {
  readonly #topic: string;
  readonly #kafkajs: Pick<Kafkajs, 'encoded' | 'errorOf'>;
  readonly #waiting = new Map<Broker, Sent[]>();

  constructor(topic: string, kafkajs: Pick<Kafkajs, 'encoded' | 'errorOf'>) {
    this.#topic = topic;
    this.#kafkajs = kafkajs;
  }

  /** Resolves when every replica in sync has the batch, with its first offset; -1 if the broker has forgotten that. */
  send(broker: Broker, parcel: Parcel): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = { ...parcel, resolve, reject };
      const waiting = this.#waiting.get(broker);
      if (waiting) {
        waiting.push(sent);
        return;
      }
      this.#waiting.set(broker, [sent]);
      queueMicrotask(() => this.#sendWaiting(broker));
    });
  }

  #sendWaiting(broker: Broker): void {
    let batch: Sent[] = [];
    let size = 0;
    for (const sent of this.#waiting.get(broker) ?? []) {
      if (batch.length > 0 && size + sent.bytes.length > maxRequestBytes) {
        void this.#request(broker, batch);
        [batch, size] = [[], 0];
      }
      batch.push(sent);
      size += sent.bytes.length;
    }
    this.#waiting.delete(broker);
    void this.#request(broker, batch);
  }

  async #request(broker: Broker, batch: readonly Sent[]): Promise<void> {
    const { encoded, errorOf } = this.#kafkajs;
    const call: KafkaCall<ReadonlyMap<number, Produced>> = {
      request: {
        ...{ apiKey: 0, apiVersion: produceVersion, apiName: 'Produce' },
        encode: async () => encoded(produceRequest(this.#topic, batch, requestMs)),
      },
      response: readBy(readProduceResponse),
    };
    try {
      const produced = await broker.connectionPool.send(call);
      for (const { partition, resolve, reject } of batch) {
        const { error, offset } = produced.get(partition) ?? unanswered;
        if (error === 0) resolve(offset);
        else reject(errorOf(error));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
