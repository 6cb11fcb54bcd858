import { FdpError, faultOf } from '../../src/errors.ts';
import { unlessAborted } from '../../src/kit/clock.ts';
import type { Message, SourceMessage } from '../../src/kit/message.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Receipt, Sink } from '../../src/kit/sink.ts';
import { encodeValue } from '../shared/log/codec.ts';
import type { OutRecord } from './client.ts';
import { batchOverheadBytes } from './topic.ts';
import type { TopicWriter, WriterListener } from './topic-writer.ts';

/**
 * Appends to a topic, durable on every replica in sync when `write` resolves. Ordered by key. A message that Kafka
 * rejects (too large, a timestamp far in the future) fails alone and permanently.
 */
export class KafkaSink implements Sink, WriterListener {
  readonly ordered = true;
  readonly #writer: TopicWriter;
  readonly #name: string;
  readonly #maxMessageBytes: number;
  readonly #context: RoleContext;
  /**
   * Messages of abandoned writes, until their outcome is known; those in the log stay, so that they are not sent again.
   */
  readonly #late = new WeakMap<Message, Promise<unknown>>();

  constructor(writer: TopicWriter, options: { name: string; maxMessageBytes: number }, context: RoleContext) {
    this.#writer = writer;
    this.#name = options.name;
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#context = context;
  }

  /** The configured limit, or the topic's if that is lower. */
  get maxMessageBytes(): number {
    const taken = this.#writer.maxBatchBytes ?? Number.POSITIVE_INFINITY;
    return Math.min(this.#maxMessageBytes, taken - batchOverheadBytes);
  }

  async connect(signal: AbortSignal): Promise<void> {
    const late = () => new FdpError('FDP_CLOSED', `${this.#name}: stopped while connecting`);
    await unlessAborted(signal, this.#writer.open(this, signal), late);
  }

  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const { failPoint } = this.#context;
    await failPoint('log-before-append');
    const failed = await this.#append(messages, signal);
    for (const error of failed.values()) if (faultOf(error) === 'fatal') throw error;
    await failPoint('log-after-append');
    return failed.size > 0 ? { failed } : {};
  }

  last(signal: AbortSignal): Promise<readonly SourceMessage[]> {
    const late = () => new FdpError('FDP_CLOSED', `${this.#name}: stopped while reading the last records`);
    return unlessAborted(signal, this.#writer.last(), late);
  }

  close(): Promise<void> {
    return this.#writer.close(this);
  }

  blocked(text: string | undefined): void {
    if (text === undefined) this.#context.node.is('ok');
    else this.#context.node.is('retrying', text);
  }

  unknown(messages: number): void {
    this.#context.node.count('maybe_twice', messages);
  }

  /** The failed messages, by index. Waits first for messages that were offered before, to keep the order. */
  async #append(messages: readonly Message[], signal: AbortSignal): Promise<ReadonlyMap<number, Error>> {
    const late = messages.flatMap((message) => this.#late.get(message) ?? []);
    const unconfirmed = () => new FdpError('FDP_TIMEOUT', `${this.#name}: the log has not confirmed the write yet`);
    if (late.length > 0) await unlessAborted(signal, Promise.all(late), unconfirmed);
    const failed = new Map<number, Error>();
    const fail = (index: number, error: unknown) => void failed.set(index, error as Error);
    const offered: { readonly index: number; readonly message: Message }[] = [];
    const records: OutRecord[] = [];
    for (const [index, message] of messages.entries())
      if (!this.#late.has(message))
        try {
          records.push(this.#record(message));
          offered.push({ index, message });
        } catch (error) {
          fail(index, error);
        }
    const appended = this.#writer.append(records, signal);
    const giveUp = () => {
      for (const [index, { message }] of offered.entries()) this.#keep(message, appended, index);
      this.#writer.withdraw();
      return unconfirmed();
    };
    // Messages that the brokers may already have stay in flight: offered again, they are awaited again.
    const errors = await unlessAborted(signal, appended, giveUp);
    for (const [nth, { index }] of offered.entries()) if (errors.has(nth)) fail(index, errors.get(nth));
    return failed;
  }

  #record(message: Message): OutRecord {
    const { key, timestamp } = message;
    return { key, value: encodeValue(message, this.#name, this.maxMessageBytes), timestamp: Math.trunc(timestamp) };
  }

  #keep(message: Message, appended: Promise<ReadonlyMap<number, unknown>>, index: number): void {
    const outcome = appended.then((errors) => {
      // A failed message is sent again when it is offered again.
      if (errors.has(index)) this.#late.delete(message);
    });
    this.#late.set(message, outcome);
  }
}
