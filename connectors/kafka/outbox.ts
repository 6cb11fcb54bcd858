import { type Broker, type KafkaCall, type Kafkajs, readBy } from './kafkajs-internals.ts';
import { requestMs } from './kafkajs-link.ts';
import { type Parcel, produceRequest, produceVersion, readProduceResponse } from './produce.ts';

/** The most bytes of batches in one request; a larger batch is sent alone. */
const maxRequestBytes = 1024 ** 2;
/** Kafka's code for unknown errors: for partitions that the response leaves out. */
const unknownError = -1;

interface Sent extends Parcel {
  readonly resolve: () => void;
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

  /** Resolves when every replica in sync has the batch. */
  send(broker: Broker, parcel: Parcel): Promise<void> {
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
    const call: KafkaCall<ReadonlyMap<number, number>> = {
      request: {
        ...{ apiKey: 0, apiVersion: produceVersion, apiName: 'Produce' },
        encode: async () => encoded(produceRequest(this.#topic, batch, requestMs)),
      },
      response: readBy(readProduceResponse),
    };
    try {
      const errors = await broker.connectionPool.send(call);
      for (const { partition, resolve, reject } of batch) {
        const code = errors.get(partition) ?? unknownError;
        if (code === 0) resolve();
        else reject(errorOf(code));
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
