import { linkedAbort } from '../../src/engine/clock.ts';
import type { Receipt, RoleContext, Sink } from '../../src/engine/component.ts';
import type { Message } from '../../src/engine/message.ts';
import { FdpError, faultOf } from '../../src/errors.ts';
import { encodeValue } from '../log/codec.ts';
import { batchOverheadBytes } from './topic.ts';
import type { TopicWriter, WriterListener } from './topic-writer.ts';

/**
 * Appends to a topic, durable on every replica in sync when `write` resolves. Ordered by key. A message that Kafka
 * refuses (too large, a timestamp far in the future) fails alone and for good.
 */
export class KafkaSink implements Sink, WriterListener {
  readonly ordered = true;
  readonly #writer: TopicWriter;
  readonly #name: string;
  readonly #maxMessageBytes: number;
  readonly #context: RoleContext;
  /** Outcomes that a write did not wait for: a message that is offered again is not sent twice. */
  readonly #late = new WeakMap<Message, Promise<void>>();

  constructor(writer: TopicWriter, options: { name: string; maxMessageBytes: number }, context: RoleContext) {
    this.#writer = writer;
    this.#name = options.name;
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#context = context;
  }

  /** What was asked for, or what the topic takes if that is less. */
  get maxMessageBytes(): number {
    const taken = this.#writer.maxBatchBytes ?? Number.POSITIVE_INFINITY;
    return Math.min(this.#maxMessageBytes, taken - batchOverheadBytes);
  }

  async connect(signal: AbortSignal): Promise<void> {
    const opened = this.#writer.open(this, signal);
    const stop = linkedAbort(signal);
    const stopped = new Promise<never>((_resolve, reject) => {
      const late = () => reject(new FdpError('FDP_CLOSED', `${this.#name}: stopped while it connected`));
      stop.controller.signal.addEventListener('abort', late);
      if (signal.aborted) late();
    });
    try {
      await Promise.race([opened, stopped]);
    } finally {
      stop.release();
    }
  }

  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const { failPoint } = this.#context;
    await failPoint('log-before-append');
    const failed = new Map<number, Error>();
    const appended = messages.map((message, place) => {
      try {
        return this.#append(message, signal);
      } catch (error) {
        failed.set(place, error as Error);
        return undefined;
      }
    });
    const giveUp = () => {
      for (const [place, outcome] of appended.entries()) this.#keep(messages[place] as Message, outcome);
      this.#writer.withdraw();
    };
    const outcomes = await this.#unlessAborted(Promise.allSettled(appended), giveUp, signal);
    for (const [place, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') continue;
      if (faultOf(outcome.reason) === 'fatal') throw outcome.reason;
      failed.set(place, outcome.reason);
    }
    await failPoint('log-after-append');
    return failed.size > 0 ? { failed } : {};
  }

  close(): Promise<void> {
    return this.#writer.close(this);
  }

  trouble(text: string | undefined): void {
    if (text === undefined) this.#context.node.is('ok');
    else this.#context.node.is('retrying', text);
  }

  unknown(messages: number): void {
    this.#context.node.count('maybe_twice', messages);
  }

  #append(message: Message, signal: AbortSignal): Promise<void> {
    const known = this.#late.get(message);
    if (known) return known;
    const { key, timestamp } = message;
    const value = encodeValue(message, this.#name, this.maxMessageBytes);
    const bytes = Buffer.byteLength(value) + (key === null ? 0 : Buffer.byteLength(key));
    return this.#writer.append({ key, value, timestamp: Math.trunc(timestamp) }, bytes, signal);
  }

  #keep(message: Message, outcome: Promise<void> | undefined): void {
    if (outcome === undefined) return;
    this.#late.set(message, outcome);
    // What failed is sent again when it is offered again.
    outcome.catch(() => this.#late.delete(message));
  }

  /** What the brokers may have already stays on its way: offered again, it is waited for again. */
  async #unlessAborted<T>(work: Promise<T>, giveUp: () => void, signal: AbortSignal): Promise<T> {
    let aborted = () => {};
    const late = new Promise<never>((_resolve, reject) => {
      aborted = () => {
        giveUp();
        reject(new FdpError('FDP_TIMEOUT', `${this.#name}: the log has not confirmed yet`));
      };
      signal.addEventListener('abort', aborted);
      if (signal.aborted) aborted();
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      signal.removeEventListener('abort', aborted);
    }
  }
}
