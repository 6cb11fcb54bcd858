import { errorText, FdpError, faultOf, isRetriable } from '../../src/errors.ts';
import { Backoff } from '../../src/kit/backoff.ts';
import { endedWithin } from '../../src/kit/clock.ts';
import type { Environment } from '../../src/kit/environment.ts';
import { type Client, longestWaitMs, type ProducerId } from './client.ts';
import { isUnsent, reasonOf, unsent } from './errors.ts';
import { endOf } from './partition.ts';
import { isStored } from './stored-batch.ts';
import type { Outgoing } from './write.ts';

/** The most records of one batch. */
const maxRecords = 1000;
const maxBytes = 512 * 1024;
/** A confirmation that takes longer is logged, ms. */
const slowMs = 5000;

/** Kafka refuses this one message; the others are sent without it. */
const refusesMessage = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
]);
/** The broker has forgotten the producer, or expects another sequence number. */
const losesCount = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
]);

export interface PartitionWriterOptions {
  readonly name: string;
  readonly partition: number;
  readonly client: Client;
  readonly environment: Pick<Environment, 'clock' | 'chance'>;
  /** The largest batch that the topic takes, bytes. */
  readonly maxBatchBytes: number;
  /** Aborts when nothing more must be sent. */
  readonly closed: AbortSignal;
  /** Called with the reason why nothing gets through, and with undefined when it does again. */
  onBlocked(text: string | undefined): void;
  /** Called with the number of messages that may be in the log twice. */
  onUnknown(messages: number): void;
  /** Creates a missing topic; throws if it can't. */
  onMissingTopic(): Promise<void>;
}

/**
 * Appends to one partition in order, one batch in flight: records are sent at once if none is, and gathered meanwhile.
 * A batch is repeated unchanged until its outcome is known, and only if the log does not have it: brokers recognise it
 * by its sequence number as well, unless they have forgotten its producer.
 */
export class PartitionWriter {
  readonly #options: PartitionWriterOptions;
  #waiting: Outgoing[] = [];
  #producer: ProducerId | undefined;
  #sequence = 0;
  /** What is not confirmed is not before this offset. */
  #end: number | undefined;
  #sending = false;
  #isBlocked = false;

  constructor(options: PartitionWriterOptions) {
    this.#options = options;
  }

  /** True if it has nothing to send. */
  get isIdle(): boolean {
    return !this.#sending;
  }

  /**
   * Settles the record in its `write` when it is durable, or will never be: FDP_TIMEOUT if it was withdrawn,
   * FDP_CLOSED, FDP_MESSAGE_REFUSED. Records that the brokers may already have stay until their outcome is known.
   */
  append(outgoing: Outgoing): void {
    const { closed, name } = this.#options;
    if (closed.aborted) {
      outgoing.write.settle(outgoing.index, new FdpError('FDP_CLOSED', `${name}: closed`));
      return;
    }
    this.#waiting.push(outgoing);
    if (!this.#sending) void this.#sendAll();
  }

  /** Withdraws waiting records whose writes were given up. */
  withdraw(): void {
    this.#waiting = this.#stillWanted(this.#waiting);
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    // Records of one write arrive in one turn: take them together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#stillWanted(this.#nextBatch());
      if (batch.length === 0) continue;
      try {
        await this.#send(batch);
      } catch (error) {
        for (const { write, index } of batch) write.settle(index, error);
      }
    }
    this.#sending = false;
  }

  #nextBatch(): Outgoing[] {
    const limit = Math.min(maxBytes, this.#options.maxBatchBytes);
    let bytes = 0;
    let count = 0;
    for (const { bytes: more } of this.#waiting) {
      bytes += more + 32;
      if (count > 0 && (bytes > limit || count >= maxRecords)) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #stillWanted(batch: readonly Outgoing[]): Outgoing[] {
    return batch.filter(({ write, index }) => {
      if (write.signal.aborted)
        write.settle(
          index,
          new FdpError('FDP_TIMEOUT', `${this.#options.name}: the log did not confirm the write in time`),
        );
      return !write.signal.aborted;
    });
  }

  async #send(wanted: readonly Outgoing[]): Promise<void> {
    const { environment, closed, name } = this.#options;
    const backoff = new Backoff(environment, longestWaitMs);
    let batch: readonly Outgoing[] = wanted;
    let mayBeThere = false;
    let isKnown = true;
    for (;;) {
      if (!mayBeThere) batch = this.#stillWanted(batch);
      if (batch.length === 0) return;
      if (closed.aborted) throw new FdpError('FDP_CLOSED', `${name}: closed before the log confirmed the write`);
      try {
        if (mayBeThere) {
          const isThere = await this.#isStored();
          isKnown = isThere !== undefined;
          if (isThere) return this.#confirm(batch);
        }
        const appended = this.#append(batch);
        const soon = await endedWithin(environment.clock, slowMs, appended);
        if (!soon) this.#tell(`${name}: not confirmed within ${slowMs} ms`);
        await appended;
        return this.#confirm(batch);
      } catch (error) {
        if (refusesMessage.has(reasonOf(error) ?? '')) return this.#sendApart(batch, error);
        if (faultOf(error) !== undefined && !isRetriable(error)) throw error;
        mayBeThere ||= !isUnsent(error);
        await this.#mend(error, isKnown ? 0 : batch.length);
        this.#tell(errorText(error));
        await backoff.wait(closed);
      }
    }
  }

  #confirm(batch: readonly Outgoing[]): void {
    this.#sequence = (this.#sequence + batch.length) % 2 ** 31;
    this.#tell(undefined);
    for (const { write, index } of batch) write.settle(index);
  }

  /** Of the batch that was sent last; undefined if it can't be known. */
  async #isStored(): Promise<boolean | undefined> {
    const { client, partition } = this.#options;
    if (!this.#producer || this.#end === undefined) return false;
    return isStored(client, { partition, producer: this.#producer, sequence: this.#sequence }, this.#end);
  }

  #tell(reason: string | undefined): void {
    if (reason === undefined && !this.#isBlocked) return;
    this.#isBlocked = reason !== undefined;
    this.#options.onBlocked(reason);
  }

  async #append(batch: readonly Outgoing[]): Promise<void> {
    const { client, partition } = this.#options;
    const producer = await this.#begun().catch((error) => {
      throw unsent(error);
    });
    try {
      const offset = await client.append({
        partition,
        producer,
        sequence: this.#sequence,
        records: batch.map(({ record }) => record),
      });
      if (offset >= 0) this.#end = offset + batch.length;
    } catch (error) {
      if (reasonOf(error) !== 'DUPLICATE_SEQUENCE_NUMBER') throw error;
    }
  }

  /** What the first batch of a producer needs: its id, and where the log ends. */
  async #begun(): Promise<ProducerId> {
    const { client, partition } = this.#options;
    this.#producer ??= await client.newProducer();
    this.#end ??= await endOf(client, partition);
    return this.#producer;
  }

  /** @param unknown messages that may be there under the number of a producer that the brokers have forgotten */
  async #mend(error: unknown, unknown: number): Promise<void> {
    const { client, onUnknown, onMissingTopic } = this.#options;
    const reason = reasonOf(error) ?? '';
    if (losesCount.has(reason)) {
      if (unknown > 0) onUnknown(unknown);
      this.#producer = undefined;
      this.#sequence = 0;
    } else if (reason === 'UNKNOWN_TOPIC_OR_PARTITION') await onMissingTopic();
    // Leaders may have moved; if they can't be fetched either, the next attempt fails again.
    else await client.refresh().catch(() => {});
  }

  /** Sends them one by one, to find the refused one. */
  async #sendApart(batch: readonly Outgoing[], error: unknown): Promise<void> {
    const { name, partition } = this.#options;
    if (batch.length > 1) {
      for (const one of batch) await this.#send([one]).catch((failed) => one.write.settle(one.index, failed));
      return;
    }
    const text = `${name}: partition ${partition} refuses a message: ${errorText(error)}`;
    throw new FdpError('FDP_MESSAGE_REFUSED', text, { cause: error });
  }
}
