import type { Clock } from '../../../src/kit/clock.ts';

/** Lookups of one turn of the event loop, at most: they are synchronous, and all else waits for them. */
const lookupsPerTurn = 8;

/** Hands out turns of the event loop, in order, so that a burst of lookups keeps nobody else waiting for long. */
export class Turns {
  readonly #clock: Clock;
  #given = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves in a later turn, and in one with few others. */
  next(): Promise<void> {
    if (this.#given++ % lookupsPerTurn === 0) this.#last = this.#last.then(() => this.#clock.turn());
    return this.#last;
  }
}
