import type { Environment } from './component.ts';

const firstMs = 100;
const longestMs = 30_000;

/** Exponential back-off with full jitter: 100 ms doubling to 30 s (or `ceilingMs`), a random part of it each time. */
export class Backoff {
  #attempt = 0;
  readonly #environment: Pick<Environment, 'clock' | 'chance'>;
  readonly #ceilingMs: number;

  constructor(environment: Pick<Environment, 'clock' | 'chance'>, ceilingMs = longestMs) {
    this.#environment = environment;
    this.#ceilingMs = ceilingMs;
  }

  /** Waits before the next try, at least `atLeastMs`; wakes early when `signal` aborts. */
  wait(signal: AbortSignal, atLeastMs = 0): Promise<void> {
    const ceiling = Math.min(this.#ceilingMs, firstMs * 2 ** this.#attempt++);
    return this.#environment.clock.sleep(Math.max(atLeastMs, this.#environment.chance.next() * ceiling), signal);
  }

  /** Something went well: the next failure starts from the beginning. */
  reset(): void {
    this.#attempt = 0;
  }
}
