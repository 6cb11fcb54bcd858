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
    return this.#environment.clock.sleep(Math.max(atLeastMs, this.nextMs()), signal);
  }

  /** How long to wait before the next try, for those who tell it and wait themselves, ms. */
  nextMs(): number {
    const ceiling = Math.min(this.#ceilingMs, firstMs * 2 ** this.#attempt++);
    return this.#environment.chance.next() * ceiling;
  }

  /** Something went well: the next failure starts from the beginning. */
  reset(): void {
    this.#attempt = 0;
  }
}
