import type { Clock } from '../../src/kit/clock.ts';

/** The time of a market, as a clock: it stands still until it is set. Everything else is the given clock's. */
export class MarketClock implements Clock {
  readonly #clock: Clock;
  #at: number;

  /** @param at Unix ms */
  constructor(clock: Clock, at: number) {
    this.#clock = clock;
    this.#at = at;
  }

  set(at: number): void {
    this.#at = at;
  }

  now(): number {
    return this.#at;
  }

  monotonic(): number {
    return this.#at;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return this.#clock.sleep(ms, signal);
  }

  timer(ms: number, fn: () => void): () => void {
    return this.#clock.timer(ms, fn);
  }

  turn(): Promise<void> {
    return this.#clock.turn();
  }

  outside<T>(work: Promise<T>): Promise<T> {
    return this.#clock.outside(work);
  }
}
