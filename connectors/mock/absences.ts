import type { Faker } from '@faker-js/faker';

/** A time in which nothing of the market arrives, ms since its start. */
export interface Absence {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * When a simulated feed is away: once in each period of `everyMs`, for `forMs`, which is shorter, from a moment that the
 * generator chooses. The same seed gives the same times.
 */
export class Absences {
  readonly #faker: Faker;
  readonly #everyMs: number;
  readonly #forMs: number;
  #period = 0;
  #next: Absence;

  constructor(faker: Faker, { everyMs, forMs }: { readonly everyMs: number; readonly forMs: number }) {
    this.#faker = faker;
    this.#everyMs = everyMs;
    this.#forMs = forMs;
    this.#next = this.#choose();
  }

  /** The one that is under way, or comes next. */
  get next(): Absence {
    return this.#next;
  }

  /** Goes on to the next one. */
  pass(): void {
    this.#next = this.#choose();
  }

  #choose(): Absence {
    const room = this.#everyMs - this.#forMs;
    const fromMs = Math.floor(this.#everyMs * this.#period++ + this.#faker.number.float() * room);
    return { fromMs, toMs: fromMs + this.#forMs };
  }
}
