import type { Clock } from '../../../src/kit/clock.ts';

/** The most lookups per turn of the event loop: they are synchronous and block everything else. */
const lookupsPerTurn = 8;

/** Spreads a burst of lookups over turns of the event loop, in order. */
export class Turns {
  readonly #clock: Clock;
  #given = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves in a later turn that has few other lookups. */
  next(): Promise<void> {
    if (this.#given++ % lookupsPerTurn === 0) this.#last = this.#last.then(() => this.#clock.turn());
    return this.#last;
  }
}
