import { Observable } from 'rxjs';
import { errorText, FdpError, faultOf } from '../errors.ts';
import { Backoff } from './backoff.ts';
import { linkedAbort, unlessAborted } from './clock.ts';
import type { SourceMessage } from './message.ts';
import { Proven } from './proven.ts';
import type { RoleContext } from './role.ts';
import type { Lane, Reading, Source } from './source.ts';

export interface PollSourceOptions {
  /** The connector's name, and the id of the one lane. */
  readonly name: string;
  /**
   * From the start of one poll to the start of the next, ms; after a poll that took longer the next
   * starts at once.
   */
  readonly everyMs: number;
  /** How long one poll may take, ms; 10 s unless given. */
  readonly timeoutMs?: number;
  /**
   * The connector's, so that it outlives a restart of the topology; one of its own unless given.
   */
  readonly proven?: Proven;
  /**
   * Polls once and returns what is new, in order; an empty list is fine. What it throws decides
   * about the next poll:
   *
   * - fatal (`FDP_REFUSED`: the key is wrong): the topology ends, unless a poll has worked before
   *   in this process;
   * - throttled (`FDP_UNAVAILABLE` with `fault: 'throttled'`): polls again after `waitMs`, or after
   *   the interval without it;
   * - anything else, with a code or not: polls again with back-off, from 100 ms to 30 s, or to the
   *   interval if it is longer.
   */
  poll(signal: AbortSignal): Promise<readonly PolledMessage[]>;
}

/** A message as a poll gives it: with the time of the poll and without a key unless it has them. */
export type PolledMessage = Pick<SourceMessage, 'value'> &
  Partial<Pick<SourceMessage, 'key' | 'timestamp' | 'raw' | 'problem'>>;

const longestPollMs = 10_000;
/** Longest wait after a failed poll, ms; the interval if that is longer. */
const longestWaitMs = 30_000;

/**
 * A source that polls (an API, a page, a folder): one lane that polls once per interval while it is
 * read, never two polls at a time, and none while the pipeline is not reading. Never replayable.
 * The node is `ok` after a poll that worked, and `retrying`, with the reason and the time of the
 * next try, after one that did not.
 */
export function pollSource(context: RoleContext, options: PollSourceOptions): Source {
  const stop = linkedAbort().controller;
  const lane = linkedAbort().controller;
  return {
    replayable: false,
    connect: async () => {},
    close: async () => {
      stop.abort();
      lane.abort();
    },
    lanes: new Observable<Lane>((lanes) => {
      context.node.is('connecting');
      const poller = new Poller(context, options);
      lanes.next({ id: options.name, signal: lane.signal, read: (signal) => poller.read(signal, stop.signal) });
      return () => stop.abort();
    }),
  };
}

class Poller {
  readonly #context: RoleContext;
  readonly #options: PollSourceOptions;
  readonly #backoff: Backoff;
  readonly #proven: Proven;
  /** When the next poll is due, monotonic ms. */
  #dueAt = Number.NEGATIVE_INFINITY;

  constructor(context: RoleContext, options: PollSourceOptions) {
    this.#context = context;
    this.#options = options;
    this.#backoff = new Backoff(context, Math.max(longestWaitMs, options.everyMs));
    this.#proven = options.proven ?? new Proven();
  }

  async read(signal: AbortSignal, stopped: AbortSignal): Promise<Reading | undefined> {
    const { clock } = this.#context;
    const stop = linkedAbort(signal, stopped);
    try {
      for (;;) {
        await clock.sleep(this.#dueAt - clock.monotonic(), stop.controller.signal);
        if (stop.controller.signal.aborted) return undefined;
        const found = await this.#poll(stop.controller.signal);
        if (found.length > 0) return this.#reading(found);
      }
    } finally {
      stop.release();
    }
  }

  /** The messages of one poll; none after a failure, which postpones the next poll. */
  async #poll(stopped: AbortSignal): Promise<readonly PolledMessage[]> {
    const { clock, node } = this.#context;
    const { name, everyMs, poll } = this.#options;
    this.#dueAt = Math.max(this.#dueAt, clock.monotonic()) + everyMs;
    const limit = linkedAbort(stopped);
    const cancel = clock.timer(this.#options.timeoutMs ?? longestPollMs, () => limit.controller.abort());
    const late = () =>
      new FdpError('FDP_TIMEOUT', `${name}: no answer within ${this.#options.timeoutMs ?? longestPollMs} ms`);
    try {
      const found = await unlessAborted(limit.controller.signal, poll(limit.controller.signal), late);
      this.#backoff.reset();
      this.#proven.worked('poll');
      if (!stopped.aborted) node.is('ok');
      return found;
    } catch (error) {
      if (stopped.aborted) return [];
      const judged = this.#proven.judge('poll', error);
      if (faultOf(judged) === 'fatal') throw judged;
      this.#failed(judged);
      return [];
    } finally {
      cancel();
      limit.release();
    }
  }

  #failed(error: unknown): void {
    const { clock, node } = this.#context;
    const isThrottled = error instanceof FdpError && error.fault === 'throttled';
    const askedMs = isThrottled ? (error.waitMs ?? this.#options.everyMs) : 0;
    const waitMs = Math.max(askedMs, this.#backoff.nextMs());
    this.#dueAt = clock.monotonic() + waitMs;
    node.retries++;
    node.is('retrying', errorText(error), clock.now() + waitMs);
  }

  #reading(found: readonly PolledMessage[]): Reading {
    const now = this.#context.clock.now();
    const meta = { lane: this.#options.name };
    const messages = found.map((message): SourceMessage => ({ key: null, timestamp: now, ...message, meta }));
    return { messages, bytes: messages.reduce((sum, { raw, value }) => sum + bytesOf(raw, value), 0) };
  }
}

function bytesOf(raw: SourceMessage['raw'], value: unknown): number {
  return Buffer.byteLength(raw ?? JSON.stringify(value) ?? '');
}
