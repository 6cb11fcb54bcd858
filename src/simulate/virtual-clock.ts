import { type Clock, sleepOn } from '../kit/clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/**
 * A clock that stands still until it is advanced, for tests and simulations: an hour of market in seconds, the same
 * result twice. Time moves to the next timer only when nothing is pending: no `turn()`, no `outside()` work, and one
 * whole turn of the event loop has passed, in which every promise that could continue did.
 */
export class VirtualClock implements Clock {
  #now: number;
  /** How far the wall clock was set, ms. */
  #set = 0;
  readonly #start: number;
  #order = 0;
  #pending = 0;
  readonly #timers = new Set<Timer>();

  /** @param start wall clock at the beginning, Unix ms */
  constructor(start = Date.UTC(2025, 10, 20, 14, 30)) {
    this.#now = start;
    this.#start = start;
  }

  /** Pending timers: 0 after everything was closed. */
  get timers(): number {
    return this.#timers.size;
  }

  /** In whole ms, as any wall clock. */
  now(): number {
    return Math.floor(this.#now + this.#set);
  }

  /** The wall clock jumps, forwards or (below 0) backwards: nothing is due because of it, and durations go on. */
  jump(ms: number): void {
    this.#set += ms;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  timer(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  turn(): Promise<void> {
    return this.outside(new Promise((resolve) => setImmediate(resolve)));
  }

  async outside<T>(work: Promise<T>): Promise<T> {
    this.#pending++;
    try {
      return await work;
    } finally {
      this.#pending--;
    }
  }

  /** Advances time by `ms`, running every timer that falls due, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await this.settle();
      const next = this.#earliest();
      if (next === undefined || next.at > end) break;
      this.#fire(next);
    }
    this.#now = end;
    await this.settle();
  }

  /** Advances time, timer by timer, until `work` has settled; fails if nothing is left that could settle it. */
  async until<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    work.then(done, done);
    for (;;) {
      await this.settle();
      if (settled) return work;
      const next = this.#earliest();
      if (next === undefined)
        throw new Error('virtual clock: nothing is scheduled any more, and the work has not ended');
      this.#fire(next);
    }
  }

  /** Waits, without moving time, until nothing is pending. */
  async settle(): Promise<void> {
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending > 0);
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#now = timer.at;
    timer.fn();
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      if (
        earliest === undefined ||
        timer.at < earliest.at ||
        (timer.at === earliest.at && timer.order < earliest.order)
      )
        earliest = timer;
    }
    return earliest;
  }
}
