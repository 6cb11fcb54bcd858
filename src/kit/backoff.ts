import { linkedAbort } from './clock.ts';
import type { Environment } from './environment.ts';

const firstMs = 100;
const longestMs = 30_000;
/** The longest wait once the caller is stopping, ms. */
const hurriedMs = 500;

/** What else decides how long to wait. */
export interface Wait {
  readonly atLeastMs?: number;
  /** Once it aborts waits are short: the next try is immediate, and later ones follow quickly. */
  readonly hurry?: AbortSignal;
}

/**
 * Exponential back-off with full jitter: 100 ms doubling to 30 s (or `ceilingMs`), a random part of
 * it each time.
 */
export class Backoff {
  #attempt = 0;
  readonly #environment: Pick<Environment, 'clock' | 'chance'>;
  readonly #ceilingMs: number;

  constructor(environment: Pick<Environment, 'clock' | 'chance'>, ceilingMs = longestMs) {
    this.#environment = environment;
    this.#ceilingMs = ceilingMs;
  }

  /** Waits before the next try; wakes early when `signal` aborts. */
  async wait(signal: AbortSignal, { atLeastMs = 0, hurry }: Wait = {}): Promise<void> {
    const { clock } = this.#environment;
    const ms = Math.max(atLeastMs, this.nextMs());
    if (hurry?.aborted) return clock.sleep(Math.min(ms, hurriedMs), signal);
    const wake = linkedAbort(signal, ...(hurry ? [hurry] : []));
    await clock.sleep(ms, wake.controller.signal);
    wake.release();
  }

  /**
   * How long to wait before the next try, for callers that report the wait and do it themselves,
   * ms.
   */
  nextMs(): number {
    const ceiling = Math.min(this.#ceilingMs, firstMs * 2 ** this.#attempt++);
    return this.#environment.chance.next() * ceiling;
  }

  /** Resets after a success: the next failure starts with the shortest wait. */
  reset(): void {
    this.#attempt = 0;
  }
}
