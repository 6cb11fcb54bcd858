import { Observable, type Subscriber } from 'rxjs';
import { linkedAbort } from './clock.ts';
import { FeedGaps, type FeedGapsOptions, type GapMark } from './feed-gaps.ts';
import type { Gap } from './gap.ts';
import type { SourceMessage } from './message.ts';
import { BoundedQueue, type QueueOptions } from './queue.ts';
import type { Lane, LogEnd, Reading, Source } from './source.ts';

export interface PushSourceOptions {
  /** The connector's name, and the id of the one lane. */
  readonly name: string;
  /**
   * What may wait between the connection and the pipeline: `queueBounds` of the option that
   * `queueSchema` declares.
   */
  readonly queue: Pick<QueueOptions, 'maxItems' | 'maxBytes' | 'whenFull'>;
  /** Messages of a reading, at most; 500 unless given. */
  readonly batch?: number;
  /** Called when a full queue has dropped messages, to count them as a figure of the component. */
  onDropped(count: number): void;
  /**
   * Begins when messages are dropped, and ends when the queue has been read to its end. Left out:
   * the periods in which messages were missed are not reported.
   */
  readonly gap?: Gap;
  /**
   * The gaps of the feed are put into the lane, in order: those of the queue, and those of the
   * connection, for which `receive` calls `whole`, `away` and `back` of its intake. Left out: the
   * lane has no gap messages.
   */
  readonly feed?: FeedGapsOptions;
  /**
   * Receives messages and pushes them, until `intake.signal` aborts; called when the lane is
   * subscribed to. It reconnects by itself and shows its state on the node. If it resolves by
   * itself, the source has come to its end; it throws only errors that a person must fix, which end
   * the topology.
   */
  receive(intake: Intake): Promise<void>;
}

/** The queue that a push source pushes into. */
export interface Intake {
  /** Aborts when the intake ends: unsubscribed, or closed. */
  readonly signal: AbortSignal;
  /** True while the queue is full and `when_full` is `pause`: stop reading from the connection. */
  readonly paused: boolean;
  /** Calls `fn` at every change of `paused`. */
  onPaused(fn: (paused: boolean) => void): void;
  /**
   * Adds a message that takes `bytes`; messages of one `key` may replace each other when
   * `when_full` is `conflate`. False if this very message was dropped.
   */
  push(message: SourceMessage, bytes: number, key?: string): boolean;
  /**
   * Everything that was sent up to now has come: a sign of life that is no message. A message is
   * one by itself.
   */
  whole(): void;
  /** The connection is gone: a gap begins with the last sign of life. */
  away(why: string): void;
  /**
   * The connection is there, and everything is subscribed to: the gap ends, but not that of the
   * symbols in `without`.
   */
  back(without?: readonly string[]): void;
  /**
   * The feed does not give a symbol, since `from` (Unix ms; left out: from now on): a gap of that
   * symbol begins.
   */
  missing(symbol: string, why: string, from?: number): void;
  /** The feed gives a symbol again that was missing: its gap ends. */
  served(symbol: string): void;
}

/**
 * A source that is pushed to (a socket, a subscription): one lane with a bounded queue between the
 * connection and the pipeline, never replayable. Unsubscribing ends the intake, what the queue
 * holds is still given; `close` waits for `receive` to end.
 */
export function pushSource(options: PushSourceOptions): Source {
  return new PushSource(options);
}

const batchSize = 500;
/** Roughly what a gap message takes as JSON. */
const gapBytes = 160;
const slow = 'the pipeline is slower than the feed, and the queue is full';

class PushSource implements Source {
  readonly replayable = false;
  readonly lanes: Observable<Lane>;
  readonly #options: PushSourceOptions;
  readonly #queue: BoundedQueue<SourceMessage | GapMark>;
  readonly #gaps: FeedGaps | undefined;
  /** Gap messages that come before all that the queue holds. */
  #first: SourceMessage[] = [];
  /** When the last message that was read was received. */
  #takenAt: number | undefined;
  readonly #lane = linkedAbort().controller;
  readonly #stop = linkedAbort().controller;
  #onPaused = (_paused: boolean) => {};
  #receiving: Promise<void> = Promise.resolve();

  constructor(options: PushSourceOptions) {
    const { name, queue, gap, feed } = options;
    this.#options = options;
    this.#queue = new BoundedQueue({
      ...queue,
      onDropped: (count, items) => this.#dropped(count, items),
      onPaused: (paused) => this.#onPaused(paused),
    });
    this.#gaps = feed && new FeedGaps(name, feed, (mark) => void this.#queue.push(mark, mark.gaps.length * gapBytes));
    gap?.onChanged((span) => this.#first.push(...(this.#gaps?.messages(span) ?? [])));
    this.lanes = new Observable((lanes) => {
      this.#receiving = this.#receive(lanes);
      lanes.next({ id: name, signal: this.#lane.signal, read: (signal) => this.#read(signal) });
      return () => this.#end();
    });
  }

  async resume(into: readonly LogEnd[], signal: AbortSignal): Promise<void> {
    await this.#gaps?.resume(into, signal);
  }

  /** Returns at once: the connection is made while the lane is open. */
  async connect(): Promise<void> {}

  async close(): Promise<void> {
    this.#end();
    this.#lane.abort();
    await this.#receiving;
  }

  #end(): void {
    this.#gaps?.end();
    this.#stop.abort();
    this.#queue.close();
  }

  /**
   * What was received up to the last message that was read is whole. Gap messages are never given
   * up.
   */
  #dropped(count: number, items: readonly (SourceMessage | GapMark)[]): void {
    const { gap, feed, onDropped } = this.#options;
    for (const item of items) if ('gaps' in item) this.#first.push(...item.gaps);
    const messages = count - items.filter((item) => 'gaps' in item).length;
    if (messages === 0) return;
    onDropped(messages);
    gap?.begin(slow, feed && this.#takenAt);
  }

  async #receive(lanes: Subscriber<Lane>): Promise<void> {
    const queue = this.#queue;
    const gaps = this.#gaps;
    gaps?.begin();
    try {
      await this.#options.receive({
        signal: this.#stop.signal,
        get paused() {
          return queue.paused;
        },
        onPaused: (fn) => {
          this.#onPaused = fn;
        },
        push: (message, bytes, key) => {
          gaps?.came(message);
          return queue.push(message, bytes, key);
        },
        whole: () => gaps?.whole(),
        away: (why) => gaps?.away(why),
        back: (without) => gaps?.back(without),
        missing: (symbol, why, from) => gaps?.missing(symbol, why, from),
        served: (symbol) => gaps?.served(symbol),
      });
      lanes.complete();
    } catch (error) {
      lanes.error(error);
    } finally {
      this.#options.gap?.end();
      gaps?.end();
      queue.close();
    }
  }

  async #read(signal: AbortSignal): Promise<Reading | undefined> {
    if (this.#queue.size === 0) this.#options.gap?.end();
    const taken = this.#first.length === 0 && (await this.#queue.take(this.#options.batch ?? batchSize, signal));
    if (taken) {
      const messages = taken.items.flatMap((item) => ('gaps' in item ? item.gaps : item));
      this.#takenAt = messages.at(-1)?.timestamp;
      return { messages, bytes: taken.bytes };
    }
    const messages = this.#first.splice(0);
    return messages.length > 0 ? { messages, bytes: messages.length * gapBytes } : undefined;
  }
}
