import { errorText, FdpError, faultOf } from '../../../src/errors.ts';
import { Backoff } from '../../../src/kit/backoff.ts';
import { endedWithin, linkedAbort, withGrace } from '../../../src/kit/clock.ts';
import type { Message, SourceMessage } from '../../../src/kit/message.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Receipt, Sink } from '../../../src/kit/sink.ts';
import { Outcome, Track } from '../../../src/kit/track.ts';
import { encodeValue } from '../log/codec.ts';
import { type BufferedMessage, DiskBuffer, type DiskBufferOptions } from './disk-buffer.ts';
import { Losses } from './losses.ts';
import { type Kept, Offered } from './offered.ts';

/** How long the log may take before a message goes to disk instead, ms. */
const patienceMs = 1000;
/** How long one attempt to send messages to the log may take, ms. */
const attemptMs = 15_000;
/** The most messages sent from the disk to the log at a time. */
const drainStep = 500;
/** The longest wait between two attempts, ms: short, so that a recovered log is noticed soon. */
const longestWaitMs = 5000;

/**
 * A log's sink with a disk buffer before it, for a source that can't replay: if the log has not
 * confirmed a message within a second it is kept on disk and counts as delivered, and until the buffer is empty every
 * message goes through it, which keeps the order. Survives a kill; bounded: the oldest are dropped first and counted as
 * `dropped`. A buffered message that the log rejects permanently goes to the dead letter; a dead letter itself is
 * dropped. A write that was not awaited has not failed: the log is offered the same message object again, by which it
 * recognises it. Only messages that a killed process was sending may be stored twice (`uncertain`).
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
  /** A fatal error of the log, for the next write. */
  #fatal: { readonly error: unknown } | undefined;
  #working: Promise<void> | undefined;
  #turn = 0;
  readonly #losses: Losses;
  /** Messages sent at a time: fewer while the one that fails the write is being found. */
  #atATime = drainStep;
  readonly #offered = new Offered();
  /** Confirmed by the log and still in the buffer: removed before anything else is sent. */
  #confirmed: readonly BufferedMessage[] = [];

  constructor(inner: Sink, options: DiskBufferOptions, context: RoleContext) {
    this.#inner = inner;
    this.#options = options;
    this.#context = context;
    this.#buffer = new DiskBuffer(options, context);
    this.#losses = new Losses(context, options.name);
    this.maxMessageBytes = inner.maxMessageBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Resolves when the buffer is open: the log may be unavailable, and the node is `retrying` until it is connected. */
  async connect(signal: AbortSignal): Promise<void> {
    await this.#buffer.open(signal);
    const { size } = this.#buffer;
    if (size > 0) {
      this.#context.node.count('uncertain', Math.min(size, drainStep));
      const text = `${this.#options.name}: ${size} messages are waiting in the disk buffer`;
      this.#context.log.warn({ messages: size }, text);
    }
    this.#work();
    if (this.#working) await endedWithin(this.#context.clock, patienceMs, this.#working);
    if (this.#fatal) throw this.#fatal.error;
  }

  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    if (this.#fatal) throw this.#fatal.error;
    const isOffered = !this.#working;
    const tried = isOffered ? await this.#tryLog(messages, signal) : undefined;
    const failed = new Map<number, Error>();
    const kept: Kept[] = [];
    for (const [index, message] of messages.entries()) {
      const error = tried?.failed?.get(index);
      if (error && faultOf(error) === 'permanent') failed.set(index, error);
      if (tried && (!error || failed.has(index))) continue;
      try {
        const value = encodeValue(message, this.#options.name, this.maxMessageBytes);
        const row = { key: message.key, timestamp: Math.trunc(message.timestamp), value };
        kept.push({ row, offered: isOffered ? message : undefined });
      } catch (cause) {
        failed.set(index, cause as Error);
      }
    }
    if (kept.length > 0) await this.#keep(kept, signal);
    return { failed };
  }

  async #keep(messages: readonly Kept[], signal: AbortSignal): Promise<void> {
    await this.#context.failPoint('buffer-before-append');
    const rows = messages.map(({ row }) => row);
    const { ids, dropped } = await this.#buffer.append(rows, signal);
    for (const [index, { offered }] of messages.entries()) if (offered) this.#offered.add(ids[index] ?? 0, offered);
    await this.#context.failPoint('buffer-after-append');
    this.#context.node.gauge('buffered', this.#buffer.size);
    this.#losses.report(dropped, `the disk buffer of ${this.#options.maxBytes} bytes is full`);
    this.#work();
  }

  async last(signal: AbortSignal): Promise<readonly SourceMessage[]> {
    const waiting = this.#buffer.last();
    if (waiting || this.#innerConnected) return waiting ? [waiting] : ((await this.#inner.last?.(signal)) ?? []);
    throw new FdpError('FDP_UNAVAILABLE', `${this.#options.name}: the log can't be reached yet`);
  }

  async close(): Promise<void> {
    this.#life.abort();
    await this.#working;
    await this.#inner.close();
    await this.#buffer.close();
  }

  /** The log's receipt if it comes in time; undefined if all messages are to be kept on disk. */
  async #tryLog(messages: readonly Message[], signal: AbortSignal): Promise<Receipt | undefined> {
    const { clock } = this.#context;
    const { controller, release } = linkedAbort(signal, this.#life.signal);
    const written = this.#inner.write(messages, controller.signal);
    const late = () => new FdpError('FDP_TIMEOUT', `${this.#options.name}: the log did not confirm the write in time`);
    try {
      if (await endedWithin(clock, patienceMs, written)) return await written;
      // Nothing may overtake it: the buffer is emptied after this write has ended.
      controller.abort();
      this.#working = Promise.allSettled([this.#working, written]).then(() => {});
      // It may just have been confirmed: messages in the log are not kept as well.
      const receipt = await withGrace(clock, written, { signal: controller.signal, graceMs: patienceMs, late });
      this.#workOff();
      return receipt;
    } catch (error) {
      const fault = faultOf(error);
      if (fault === 'fatal' || fault === 'permanent') throw error;
    } finally {
      release();
    }
    return undefined;
  }

  #work(): void {
    if (!this.#isIdle) this.#workOff();
  }

  /** Connects the log and brings it what waits on the disk, until the buffer is empty. */
  #workOff(): void {
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
        // Once it is connected the log reports its state itself.
        if (!this.#innerConnected && !this.#life.signal.aborted) this.#context.node.is('retrying', errorText(error));
        this.#context.log.debug({}, `${this.#options.name}: ${errorText(error)}`);
        await backoff.wait(this.#life.signal);
      }
    }
  }

  async #connectInner(signal: AbortSignal): Promise<void> {
    await this.#inner.connect(signal);
    this.#innerConnected = true;
    if (!this.#losses.areShown) this.#context.node.is('ok');
  }

  async #step(): Promise<void> {
    const { signal } = this.#life;
    if (!this.#innerConnected) await this.#connectInner(signal);
    await this.#removeConfirmed();
    const waiting = this.#buffer.first(this.#atATime);
    if (waiting.length === 0) return;
    const { failed = new Map<number, Error>() } = await this.#bring(waiting);
    this.#confirmed = waiting.filter((_message, index) => !failed.has(index));
    this.#atATime = drainStep;
    await this.#context.failPoint('buffer-before-remove');
    const isLetter = this.#context.node.kind === 'dead_letter';
    const stay = new Map<number, Error>();
    for (const [index, error] of failed) {
      const isRefused = faultOf(error) === 'permanent' && (isLetter || (await this.#reject(waiting[index], error)));
      if (!isRefused) stay.set(index, error);
    }
    this.#confirmed = waiting.filter((_message, index) => !stay.has(index));
    await this.#removeConfirmed();
    const refused = failed.size - stay.size;
    if (isLetter && refused > 0)
      this.#losses.report(refused, 'the log rejected them permanently after they had waited on the disk');
    else this.#losses.end();
    for (const error of stay.values()) throw error;
  }

  /** A removal that fails is repeated: what is in the log is never sent again. */
  async #removeConfirmed(): Promise<void> {
    if (this.#confirmed.length === 0) return;
    await this.#buffer.remove(this.#confirmed);
    this.#offered.forget(this.#confirmed);
    this.#confirmed = [];
    this.#context.node.gauge('buffered', this.#buffer.size);
  }

  /** Hands a message that counted as delivered to the dead letter; true once it is there. */
  async #reject(message: BufferedMessage | undefined, error: Error): Promise<boolean> {
    if (!message) return true;
    const { key, timestamp, value } = message;
    const { node, outcomes } = this.#context;
    const record: SourceMessage = { key, timestamp, value, raw: value, meta: { lane: 'disk buffer' } };
    // It already counts as out of this node.
    node.made++;
    return new Promise((resolve) => {
      const track = new Track({ ended: (outcome) => resolve(outcome === Outcome.rejected) }, record);
      outcomes.reject({ id: record.meta.lane, signal: this.#life.signal }, { ...record, track }, error);
    });
  }

  async #bring(waiting: readonly BufferedMessage[]): Promise<Receipt> {
    const { controller, release } = linkedAbort(this.#life.signal);
    const cancel = this.#context.clock.timer(attemptMs, () => controller.abort());
    try {
      return await this.#inner.write(this.#offered.messagesOf(waiting), controller.signal);
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
}
