import type { Response } from 'express';
import { networkOf } from '../../src/kit/client-network.ts';
import type { Clock } from '../../src/kit/clock.ts';
import { type Allowance, type Quota, RateLimit } from '../../src/kit/rate-limit.ts';
import { ratePerSecond } from '../../src/kit/units.ts';
import type { Refusal } from './answer.ts';

/** The option `rate_limit`. */
export interface LimitOptions {
  readonly per_address?: string | undefined;
  readonly per_key?: string | undefined;
  readonly burst?: number | undefined;
}

/** Without `burst`: the requests of so many seconds. */
const burstSeconds = 10;

/**
 * How often each address and each key may ask. Replies say what is left, in the headers `RateLimit-Limit`, `RateLimit-Remaining`
 * and `RateLimit-Reset` (seconds until all is there again); with both limits, of the one that is nearer to its end.
 */
export class Limits {
  readonly #address: RateLimit | undefined;
  readonly #key: RateLimit | undefined;
  readonly #refused: () => void;

  /** @param refused is called for each request that is refused */
  constructor({ per_address, per_key, burst }: LimitOptions, clock: Clock, refused: () => void) {
    this.#address = limitOf(per_address, burst, clock);
    this.#key = limitOf(per_key, burst, clock);
    this.#refused = refused;
  }

  /** Counts a request of an address; why it is refused, if it is. */
  ofAddress(address: string | undefined, response: Response): Refusal | undefined {
    return this.#apply(this.#address?.take(networkOf(address ?? '')), 'address', response);
  }

  /** Counts a request of a key, by its name; why it is refused, if it is. */
  ofKey(name: string, response: Response): Refusal | undefined {
    return this.#apply(this.#key?.take(name), 'key', response);
  }

  #apply(allowance: Allowance | undefined, what: string, response: Response): Refusal | undefined {
    if (!allowance) return undefined;
    const { allowed, limit, remaining, fullMs, waitMs } = allowance;
    const stated = response.getHeader('RateLimit-Remaining');
    if (stated === undefined || remaining < Number(stated) || !allowed)
      response.set({
        'RateLimit-Limit': String(limit),
        'RateLimit-Remaining': String(remaining),
        'RateLimit-Reset': seconds(fullMs),
      });
    if (allowed) return undefined;
    this.#refused();
    const text = `too many requests of this ${what}: try again after Retry-After seconds`;
    return { status: 429, code: 'FDP_RATE_LIMITED', text, headers: { 'Retry-After': seconds(waitMs) } };
  }
}

function limitOf(rate: string | undefined, burst: number | undefined, clock: Clock): RateLimit | undefined {
  if (rate === undefined || rate === 'max') return undefined;
  const perSecond = ratePerSecond(rate);
  const quota: Quota = { perSecond, burst: burst ?? Math.max(1, Math.ceil(perSecond * burstSeconds)) };
  return new RateLimit(quota, clock);
}

/** Whole seconds, rounded up: whoever waits for so long is not refused again. */
function seconds(ms: number): string {
  return String(Math.ceil(ms / 1000));
}
