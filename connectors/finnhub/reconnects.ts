import type { Chance } from '../../src/engine/chance.ts';

export interface ReconnectOptions {
  readonly minMs: number;
  readonly maxMs: number;
  /** A connection that was open for so long starts again from `minMs`. */
  readonly healthyMs: number;
}

/** A connection that ends within this time of being opened was ended on purpose. */
const shortMs = 10_000;
const shortAllowed = 3;
const keyInUseMs = 60_000;

/**
 * How long to wait before the next connection: full jitter over a time that doubles. The fourth connection in a row that
 * ended within ten seconds means that somebody else uses the key, and the two end each other: then a minute.
 */
export class Reconnects {
  readonly #options: ReconnectOptions;
  readonly #chance: Chance;
  #attempt = 0;
  #short = 0;

  constructor(options: ReconnectOptions, chance: Chance) {
    this.#options = options;
    this.#chance = chance;
  }

  /** @param openMs how long the connection that ended was open; undefined: it never was */
  after(openMs: number | undefined): { readonly waitMs: number; readonly isKeyInUse: boolean } {
    const { minMs, maxMs, healthyMs } = this.#options;
    if (openMs !== undefined) {
      this.#short = openMs < shortMs ? this.#short + 1 : 0;
      if (openMs >= healthyMs) this.#attempt = 0;
    }
    const waitMs = this.#chance.next() * Math.min(maxMs, minMs * 2 ** this.#attempt++);
    if (openMs !== undefined && this.#short > shortAllowed) return { waitMs: keyInUseMs, isKeyInUse: true };
    return { waitMs, isKeyInUse: false };
  }
}
