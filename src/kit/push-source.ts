import { Observable, type Subscriber } from 'rxjs';
import { linkedAbort } from './clock.ts';
import type { Gap } from './gap.ts';
import type { SourceMessage } from './message.ts';
import { BoundedQueue, type QueueOptions } from './queue.ts';
import type { Lane, Reading, Source } from './source.ts';

export interface PushSourceOptions {
  /** The connector's name, and the id of the one lane. */
  readonly name: string;
  /** What may wait between the connection and the pipeline: `queueBounds` of the option that `queueSchema` declares. */
  readonly queue: Pick<QueueOptions, 'maxItems' | 'maxBytes' | 'whenFull'>;
  /** Messages of a reading, at most; 500 unless given. */
  readonly batch?: number;
  /** Called when a full queue has dropped messages, to count them as a figure of the component. */
  onDropped(count: number): void;
  /**
   * Begins when messages are dropped, and ends when the queue has been read to its end. Left out: the periods
   * in which messages were missed are not reported.
   */
  readonly gap?: Gap;
  /**
   * Receives messages and pushes them, until `intake.signal` aborts; called when the lane is subscribed to. It
   * reconnects by itself and shows its state on the node. If it resolves by itself, the source has come
   * to its end; it throws only errors that a person must fix, which end the topology.
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
   * Adds a message that takes `bytes`; messages of one `key` may replace each other when `when_full` is `conflate`.
   * False if this very message was dropped.
   */
  push(message: SourceMessage, bytes: number, key?: string): boolean;
}

/**
 * A source that is pushed to (a socket, a subscription): one lane with a bounded queue between the connection and
 * the pipeline, never replayable. Unsubscribing ends the intake, what the queue holds is still given; `close` waits for
 * `receive` to end.
 */
export function pushSource(options: PushSourceOptions): Source {
  return new PushSource(options);
}

const batchSize = 500;
const slow = 'the pipeline is slower than the feed, and the queue is full';

class PushSource implements Source {
  readonly replayable = false;
  readonly lanes: Observable<Lane>;
  readonly #options: PushSourceOptions;
  readonly #queue: BoundedQueue<SourceMessage>;
  readonly #lane = linkedAbort().controller;
  readonly #stop = linkedAbort().controller;
  #onPaused = (_paused: boolean) => {};
  #receiving: Promise<void> = Promise.resolve();

  constructor(options: PushSourceOptions) {
    const { name, queue, gap } = options;
    this.#options = options;
    this.#queue = new BoundedQueue({
      ...queue,
      onDropped: (count) => {
        options.onDropped(count);
        gap?.begin(slow);
      },
      onPaused: (paused) => this.#onPaused(paused),
    });
    this.lanes = new Observable((lanes) => {
      this.#receiving = this.#receive(lanes);
      lanes.next({ id: name, signal: this.#lane.signal, read: (signal) => this.#read(signal) });
      return () => this.#end();
    });
  }

  /** Returns at once: the connection is made while the lane is open. */
  async connect(): Promise<void> {}

  async close(): Promise<void> {
    this.#end();
    this.#lane.abort();
    await this.#receiving;
  }

  #end(): void {
    this.#stop.abort();
    this.#queue.close();
  }

  async #receive(lanes: Subscriber<Lane>): Promise<void> {
    const queue = this.#queue;
    try {
      await this.#options.receive({
        signal: this.#stop.signal,
        get paused() {
          return queue.paused;
        },
        onPaused: (fn) => {
          this.#onPaused = fn;
        },
        push: (message, bytes, key) => queue.push(message, bytes, key),
      });
      lanes.complete();
    } catch (error) {
      lanes.error(error);
    } finally {
      this.#options.gap?.end();
      queue.close();
    }
  }

  async #read(signal: AbortSignal): Promise<Reading | undefined> {
    if (this.#queue.size === 0) this.#options.gap?.end();
    const taken = await this.#queue.take(this.#options.batch ?? batchSize, signal);
    return taken && { messages: taken.items, bytes: taken.bytes };
  }
}
