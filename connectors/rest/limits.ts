import type { Response } from 'express';
import { networkOf } from '../../src/kit/client-network.ts';
import type { Clock } from '../../src/kit/clock.ts';
import { RateLimit } from '../../src/kit/rate-limit.ts';
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

/** The limit of each address, or of each key. */
interface Limit {
  readonly what: 'address' | 'key';
  readonly buckets: RateLimit;
  /** An item of `RateLimit-Policy`: so many requests at once, all there again after so many seconds. */
  readonly policy: string;
}

/**
 * How often each address and each key may ask. Replies say what is left, in the headers `RateLimit-Policy` and `RateLimit` of
 * draft-ietf-httpapi-ratelimit-headers: requests that remain, and the seconds until all are there again.
 */
export class Limits {
  readonly #address: Limit | undefined;
  readonly #key: Limit | undefined;
  readonly #refused: () => void;

  /** @param refused is called for each request that is refused */
  constructor(options: LimitOptions, clock: Clock, refused: () => void) {
    this.#address = limitOf('address', options, clock);
    this.#key = limitOf('key', options, clock);
    this.#refused = refused;
  }

  /** Counts a request of an address; why it is refused, if it is. */
  ofAddress(address: string | undefined, response: Response): Refusal | undefined {
    return this.#apply(this.#address, networkOf(address ?? ''), response);
  }

  /** Counts a request of a key, by its name; why it is refused, if it is. */
  ofKey(name: string, response: Response): Refusal | undefined {
    return this.#apply(this.#key, name, response);
  }

  #apply(limit: Limit | undefined, client: string, response: Response): Refusal | undefined {
    if (!limit) return undefined;
    const { what, policy } = limit;
    const { allowed, remaining, fullMs, waitMs } = limit.buckets.take(client);
    add(response, 'RateLimit-Policy', policy);
    add(response, 'RateLimit', `"${what}";r=${remaining};t=${seconds(fullMs)}`);
    if (allowed) return undefined;
    this.#refused();
    const text = `too many requests of this ${what}: try again after Retry-After seconds`;
    return { status: 429, code: 'FDP_RATE_LIMITED', text, headers: { 'Retry-After': seconds(waitMs) } };
  }
}

function limitOf(what: Limit['what'], options: LimitOptions, clock: Clock): Limit | undefined {
  const rate = options[`per_${what}`];
  if (rate === undefined || rate === 'max') return undefined;
  const perSecond = ratePerSecond(rate);
  const burst = options.burst ?? Math.max(1, Math.ceil(perSecond * burstSeconds));
  const policy = `"${what}";q=${burst};w=${seconds((burst / perSecond) * 1000)}`;
  return { what, policy, buckets: new RateLimit({ perSecond, burst }, clock) };
}

/** Both headers are lists. */
function add(response: Response, name: string, item: string): void {
  const before = response.getHeader(name);
  response.setHeader(name, before === undefined ? item : `${before}, ${item}`);
}

/** Whole seconds, rounded up: whoever waits for so long is not refused again. */
function seconds(ms: number): string {
  return String(Math.ceil(ms / 1000));
}
