import { Backoff } from '../../src/engine/backoff.ts';
import { endedWithin, linkedAbort } from '../../src/engine/clock.ts';
import type { Receipt, RoleContext, Sink } from '../../src/engine/component.ts';
import type { Message, SourceMessage } from '../../src/engine/message.ts';
import { looseTrack, Outcome, Track } from '../../src/engine/track.ts';
import { faultOf, isRetriable, messageOf } from '../../src/errors.ts';
import { encodeValue } from './codec.ts';
import { type BufferedMessage, DiskBuffer, type DiskBufferOptions } from './disk-buffer.ts';

/** How long the log may take before a message goes to the disk instead, ms. */
const patienceMs = 1000;
/** How long one attempt to bring messages to the log may take, ms. */
const attemptMs = 15_000;
/** Messages brought from the disk to the log at a time, at most. */
const drainStep = 500;
/** Waits between two tries grow up to this, ms: a log that is back is noticed within moments. */
const longestWaitMs = 5000;

/**
 * A log's sink with a disk buffer before it, for a source that can't give a message again: when the log has not
 * confirmed for a second a message is kept on the disk and counts as delivered, and until the buffer is empty every
 * message goes through it, so that the order is kept. Survives a kill; bounded, the oldest go first and are counted as
 * `dropped`. What the log refuses for good after it waited goes to the dead letter; a dead letter itself is dropped. A
 * message whose outcome at the log was unknown may be there twice (`uncertain`).
 */
export class BufferedSink implements Sink {
  readonly ordered = true;
  readonly maxMessageBytes: number;
  readonly #inner: Sink;
  readonly #context: RoleContext;
  readonly #options: DiskBufferOptions;
  readonly #buffer: DiskBuffer;
  readonly #life = linkedAbort().controller;
  #innerConnected = false;
  /** A fatal error of the log: the next write tells it. */
  #fatal: { readonly error: unknown } | undefined;
  #working: Promise<void> | undefined;
  #turn = 0;
  /** Messages were lost lately. */
  #lossy = false;
  /** Messages brought at a time: fewer while one is looked for that spoils the write. */
  #atATime = drainStep;

  constructor(inner: Sink, options: DiskBufferOptions, context: RoleContext) {
    this.#inner = inner;
    this.#options = options;
    this.#context = context;
    this.#buffer = new DiskBuffer(options, context);
    this.maxMessageBytes = inner.maxMessageBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Resolves when the buffer is open: the log may be away, and the node is red until it is there. */
  async connect(signal: AbortSignal): Promise<void> {
    await this.#buffer.open(signal);
    if (this.#buffer.size > 0)
      this.#context.log.warn(
        { messages: this.#buffer.size },
        `${this.#options.name}: ${this.#buffer.size} messages wait in the disk buffer`,
      );
    this.#work();
    if (this.#working) await endedWithin(this.#context.clock, patienceMs, this.#working);
    if (this.#fatal) throw this.#fatal.error;
  }

  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    if (this.#fatal) throw this.#fatal.error;
    const tried = this.#working === undefined ? await this.#tryLog(messages, signal) : undefined;
    const failed = new Map<number, Error>();
    const kept: Omit<BufferedMessage, 'id'>[] = [];
    for (const [place, message] of messages.entries()) {
      const error = tried?.failed?.get(place);
      if (error && faultOf(error) === 'permanent') failed.set(place, error);
      if (tried && (!error || failed.has(place))) continue;
      try {
        const value = encodeValue(message, this.#options.name, this.maxMessageBytes);
        kept.push({ key: message.key, timestamp: Math.trunc(message.timestamp), value });
      } catch (cause) {
        failed.set(place, cause as Error);
      }
    }
    if (kept.length > 0) await this.#keep(kept, signal);
    return { failed };
  }

  async #keep(messages: readonly Omit<BufferedMessage, 'id'>[], signal: AbortSignal): Promise<void> {
    await this.#context.failPoint('buffer-before-append');
    const dropped = await this.#buffer.append(messages, signal);
    await this.#context.failPoint('buffer-after-append');
    this.#tell(dropped, `the disk buffer of ${this.#options.maxBytes} bytes is full`);
    this.#work();
  }

  async close(): Promise<void> {
    this.#life.abort();
    await this.#working;
    await this.#inner.close();
    await this.#buffer.close();
  }

  /** The log's answer when it comes in time; undefined when all messages are to be kept on the disk. */
  async #tryLog(messages: readonly Message[], signal: AbortSignal): Promise<Receipt | undefined> {
    const { clock, node } = this.#context;
    const { controller, release } = linkedAbort(signal, this.#life.signal);
    const written = this.#inner.write(messages, controller.signal);
    try {
      if (await endedWithin(clock, patienceMs, written)) return await written;
      // Nothing may overtake it: the buffer is worked off once this write has ended.
      controller.abort();
      this.#working = Promise.allSettled([this.#working, written]).then(() => {});
      node.count('uncertain', messages.length);
    } catch (error) {
      const fault = faultOf(error);
      if (fault === 'fatal' || fault === 'permanent') throw error;
      if (!isRetriable(error)) node.count('uncertain', messages.length);
    } finally {
      release();
    }
    return undefined;
  }

  /** Connects the log and brings it what waits on the disk, until the buffer is empty. */
  #work(): void {
    if (this.#isIdle) return;
    const turn = ++this.#turn;
    this.#working = this.#drainAfter(this.#working).then(() => {
      if (turn === this.#turn) this.#working = undefined;
    });
  }

  get #isIdle(): boolean {
    return this.#innerConnected && this.#buffer.size === 0;
  }

  async #drainAfter(before: Promise<void> | undefined): Promise<void> {
    await before;
    const backoff = new Backoff(this.#context, longestWaitMs);
    while (!this.#isIdle && !this.#life.signal.aborted) {
      try {
        await this.#step();
        backoff.reset();
      } catch (error) {
        if (faultOf(error) === 'fatal') {
          this.#fatal = { error };
          return;
        }
        this.#context.node.retries++;
        // Once it is connected the log tells its troubles by itself.
        if (!this.#innerConnected && !this.#life.signal.aborted) this.#context.node.is('retrying', messageOf(error));
        this.#context.log.debug({}, `${this.#options.name}: ${messageOf(error)}`);
        await backoff.wait(this.#life.signal);
      }
    }
  }

  async #connectInner(signal: AbortSignal): Promise<void> {
    await this.#inner.connect(signal);
    this.#innerConnected = true;
    if (!this.#lossy) this.#context.node.is('ok');
  }

  async #step(): Promise<void> {
    const { signal } = this.#life;
    if (!this.#innerConnected) await this.#connectInner(signal);
    const waiting = this.#buffer.first(this.#atATime);
    if (waiting.length === 0) return;
    const { failed = new Map<number, Error>() } = await this.#bring(waiting);
    this.#atATime = drainStep;
    await this.#context.failPoint('buffer-before-remove');
    const isLetter = this.#context.node.kind === 'dead_letter';
    const stay = new Map<number, Error>();
    for (const [place, error] of failed) {
      const isRefused = faultOf(error) === 'permanent' && (isLetter || (await this.#reject(waiting[place], error)));
      if (!isRefused) stay.set(place, error);
    }
    await this.#buffer.remove(waiting.filter((_message, place) => !stay.has(place)));
    this.#context.node.gauge('buffered', this.#buffer.size);
    const refused = failed.size - stay.size;
    if (isLetter && refused > 0) this.#tell(refused, 'the log refused them for good after they had waited on the disk');
    else if (this.#lossy) {
      this.#lossy = false;
      this.#context.node.is('ok');
    }
    for (const error of stay.values()) throw error;
  }

  /** Hands a message that counted as delivered to the dead letter; true once it is there. */
  async #reject(message: BufferedMessage | undefined, error: Error): Promise<boolean> {
    if (!message) return true;
    const { key, timestamp, value } = message;
    const { node } = this.#context;
    const record: SourceMessage = { key, timestamp, value, raw: value, meta: { lane: 'disk buffer' } };
    // It has gone out of this node once already.
    node.made++;
    return new Promise((resolve) => {
      const track = new Track({ ended: (outcome) => resolve(outcome === Outcome.rejected) }, record);
      node.reject({ id: record.meta.lane, signal: this.#life.signal }, { ...record, track }, error);
    });
  }

  async #bring(waiting: readonly BufferedMessage[]): Promise<Receipt> {
    const { controller, release } = linkedAbort(this.#life.signal);
    const cancel = this.#context.clock.timer(attemptMs, () => controller.abort());
    try {
      return await this.#inner.write(waiting.map(messageFrom), controller.signal);
    } catch (error) {
      if (faultOf(error) !== 'permanent') throw error;
      if (waiting.length === 1) return { failed: new Map([[0, error as Error]]) };
      this.#atATime = Math.ceil(waiting.length / 2);
      throw error;
    } finally {
      cancel();
      release();
    }
  }

  #tell(dropped: number, why: string): void {
    const { node, log } = this.#context;
    node.gauge('buffered', this.#buffer.size);
    if (dropped === 0) return;
    node.count('dropped', dropped);
    this.#lossy = true;
    node.is('retrying', `${node.extra['dropped']} messages were dropped: ${why}`);
    log.error({ dropped }, `${this.#options.name}: ${dropped} messages were dropped: ${why}`);
  }
}

function messageFrom({ key, timestamp, value }: BufferedMessage): Message {
  const record: SourceMessage = { key, timestamp, value, meta: { lane: 'disk buffer' } };
  return { key, timestamp, value, meta: record.meta, track: looseTrack(record) };
}
