import type { FdpError } from '../../src/errors.ts';
import type { Chance } from '../../src/kit/chance.ts';

export interface ReconnectOptions {
  readonly minMs: number;
  readonly maxMs: number;
  /** After a connection that was open for this long, waits start again from `minMs`. */
  readonly healthyMs: number;
}

/** A connection that ended. */
export interface Ended {
  /** Why: `throttled` has the wait that the server requested in `waitMs`. */
  readonly error: Pick<FdpError, 'fault' | 'waitMs'>;
  /** How long it was open; undefined: it never was. */
  readonly openMs: number | undefined;
  /** The other side closed the connection normally. */
  readonly isPolite: boolean;
}

/** A connection that the server closes within this time after opening was ended on purpose. */
const shortMs = 10_000;
const shortAllowed = 3;
const keyInUseMs = 60_000;
/** The first and the longest wait after a 429, if the server does not name one. */
const throttledMs = 30_000;
const longestThrottledMs = 600_000;

/**
 * How long to wait before the next connection: full jitter over a time that doubles. A server that refuses connections (429)
 * is tried again after half a minute, later each time, or when its `Retry-After` is over. The fourth connection in a row
 * that the server closes within ten seconds means that another client uses the key, and the two close each other's.
 */
export class Reconnects {
  readonly #options: ReconnectOptions;
  readonly #chance: Chance;
  #attempt = 0;
  #throttled = 0;
  #short = 0;

  constructor(options: ReconnectOptions, chance: Chance) {
    this.#options = options;
    this.#chance = chance;
  }

  after({ error, openMs, isPolite }: Ended): { readonly waitMs: number; readonly isKeyInUse: boolean } {
    const { minMs, maxMs, healthyMs } = this.#options;
    if (openMs !== undefined) {
      this.#throttled = 0;
      this.#short = isPolite && openMs < shortMs ? this.#short + 1 : 0;
      if (openMs >= healthyMs) this.#attempt = 0;
    }
    if (error.fault === 'throttled') return { waitMs: this.#patience(error.waitMs), isKeyInUse: false };
    const waitMs = this.#chance.next() * Math.min(maxMs, minMs * 2 ** this.#attempt++);
    if (openMs !== undefined && this.#short > shortAllowed)
      return { waitMs: Math.min(keyInUseMs, maxMs), isKeyInUse: true };
    return { waitMs, isKeyInUse: false };
  }

  /** Never earlier than the server asked, and not at the same moment as all other clients. */
  #patience(askedMs: number | undefined): number {
    const share = this.#chance.next();
    if (askedMs !== undefined && askedMs > 0) return askedMs + share * Math.min(5000, askedMs / 10);
    const longest = Math.min(longestThrottledMs, throttledMs * 2 ** this.#throttled++);
    return longest * (0.5 + share / 2);
  }
}
