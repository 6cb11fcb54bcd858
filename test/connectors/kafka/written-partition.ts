import type { Client, OutBatch } from '../../../connectors/kafka/client.ts';
import { KafkaError } from '../../../connectors/kafka/errors.ts';
import type { Fetched } from '../../../connectors/kafka/fetch-response.ts';

const emptyBatch = {
  ...{ firstOffset: 0, lastOffset: 0, transactional: false, control: undefined },
  ...{ records: [], unreadable: undefined },
};

/** `forgotten` is stored without a confirmation by brokers that forget all producers then; a text is Kafka's reason. */
type Fault = 'lost' | 'unsent' | 'unsure' | 'forgotten' | string;

/**
 * A partition as brokers keep it: a batch of a producer with a number that it has seen is not stored twice, and a
 * producer that it has forgotten may begin with any number.
 */
export class Partition {
  readonly stored: string[] = [];
  readonly batches: OutBatch[] = [];
  /** What happens to the next attempts, one each; then all goes well. */
  faults: Fault[] = [];
  maxBytes = Number.POSITIVE_INFINITY;
  /** Kafka's code for whoever reads it. */
  readError = 0;
  /** No producer gets its id. */
  isAway = false;
  /** The producer and number of the batch at each offset. */
  readonly #log: { readonly producerId: number; readonly sequence: number }[] = [];
  #producers = 0;
  readonly #next = new Map<number, number>();
  readonly #seen = new Map<string, number>();

  client(): Client {
    const client: Pick<Client, 'newProducer' | 'append' | 'refresh' | 'offsets' | 'leaderOf' | 'fetch'> = {
      newProducer: async () => {
        if (this.isAway) throw new KafkaError('FDP_CONNECTION_LOST', 'ticks: away', { reason: 'ECONNREFUSED' });
        return { id: ++this.#producers, epoch: 0 };
      },
      refresh: async () => {},
      append: async (batch) => this.#append(batch),
      offsets: async (_partitions, at) => new Map([[0, at === 'earliest' ? 0 : this.#log.length]]),
      leaderOf: () => 1,
      fetch: async (_leader, wants) => wants.map(({ offset }) => this.#fetched(offset)),
    };
    return client as Client;
  }

  /** Its topic was deleted and created: nothing is left, of producers neither. */
  makeAgain(): void {
    this.stored.length = 0;
    this.#log.length = 0;
    this.#forget();
  }

  #forget(): void {
    this.#seen.clear();
    this.#next.clear();
  }

  /** One record, as from a broker with small segments. */
  #fetched(offset: number): Fetched {
    const end = this.#log.length;
    const batches = this.#log.slice(offset, offset + 1).map((batch) => ({ ...emptyBatch, ...batch }));
    return { partition: 0, error: this.readError, end, stable: end, next: offset + 1, batches, items: [] };
  }

  async #append(batch: OutBatch): Promise<number> {
    this.batches.push(batch);
    const fault = this.faults.shift();
    const failed = (reason: string, unsent = false) =>
      new KafkaError('FDP_CONNECTION_LOST', `ticks: ${reason}`, { reason, unsent });
    if (fault === 'unsent') throw failed('ECONNREFUSED', true);
    if (fault === 'lost') throw failed('ECONNRESET');
    if (fault !== undefined && fault !== 'unsure' && fault !== 'forgotten') throw failed(fault);
    const values = batch.records.map(({ value }) => String(value));
    if (values.join('').length > this.maxBytes) throw failed('MESSAGE_TOO_LARGE');
    const { id } = batch.producer;
    const name = `${id}/${batch.sequence}`;
    if (this.#seen.get(name) !== values.length) {
      if (batch.sequence !== (this.#next.get(id) ?? batch.sequence)) throw failed('OUT_OF_ORDER_SEQUENCE_NUMBER');
      this.#seen.set(name, values.length);
      this.#next.set(id, batch.sequence + values.length);
      this.stored.push(...values);
      for (const _value of values) this.#log.push({ producerId: id, sequence: batch.sequence });
    }
    if (fault === 'forgotten') this.#forget();
    if (fault === 'unsure' || fault === 'forgotten') throw failed('KafkaJSRequestTimeoutError');
    return this.#log.findIndex(({ producerId, sequence }) => producerId === id && sequence === batch.sequence);
  }
}
