import type { Clock } from './clock.ts';
import { RecencyMap } from './recency-map.ts';

/** How much one client may ask for. */
export interface Quota {
  /** Requests per second, in the long run. */
  readonly perSecond: number;
  /** Requests at once, at least 1. */
  readonly burst: number;
}

/** What a client has left. */
export interface Allowance {
  readonly allowed: boolean;
  readonly limit: number;
  /** Whole requests that it may send at once now. */
  readonly remaining: number;
  /** Until it has all of them again, ms. */
  readonly fullMs: number;
  /** Until it has one, ms; 0 if it has. */
  readonly waitMs: number;
}

interface Bucket {
  /** At `at`, on the monotonic clock. */
  tokens: number;
  at: number;
}

/** Clients that are remembered; the one that asked longest ago is forgotten first, and has its whole quota again. */
const mostClients = 10_000;

/**
 * A token bucket per client: within any time of `t` seconds it is allowed `burst + t * perSecond` requests at most. One that is
 * refused costs nothing. Bounded in memory, starts no timer.
 */
export class RateLimit {
  readonly #quota: Quota;
  readonly #clock: Clock;
  readonly #buckets: RecencyMap<Bucket>;

  constructor(quota: Quota, clock: Clock, most = mostClients) {
    this.#quota = quota;
    this.#clock = clock;
    this.#buckets = new RecencyMap(most);
  }

  /** Takes a request of the client's allowance, if there is one left. */
  take(client: string): Allowance {
    const { burst } = this.#quota;
    const now = this.#clock.monotonic();
    const before = this.#left(client, now);
    const allowed = before >= 1;
    const tokens = allowed ? before - 1 : before;
    this.#buckets.use(client, { tokens, at: now });
    const until = (wanted: number) => this.#msUntil(wanted, tokens);
    return { allowed, limit: burst, remaining: Math.floor(tokens), fullMs: until(burst), waitMs: until(1) };
  }

  /** Until the client has a request left, ms; 0 if it has. Takes nothing. */
  waitMs(client: string): number {
    return this.#msUntil(1, this.#left(client, this.#clock.monotonic()));
  }

  #left(client: string, now: number): number {
    const { perSecond, burst } = this.#quota;
    const known = this.#buckets.get(client);
    return known ? Math.min(burst, known.tokens + ((now - known.at) / 1000) * perSecond) : burst;
  }

  #msUntil(wanted: number, tokens: number): number {
    return Math.max(0, ((wanted - tokens) / this.#quota.perSecond) * 1000);
  }
}
