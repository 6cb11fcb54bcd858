/** What is wrong with a sequence: what is lost, comes again, or was never expected. */
export interface SequenceFault {
  readonly kind: 'lost' | 'repeated' | 'foreign';
  readonly value: unknown;
}

export interface SequenceRules<T> {
  same(expected: T, got: unknown): boolean;
  /** Whether these, which are missing before `next`, may be. */
  mayLack(missing: readonly T[], next: T | undefined): boolean;
  readonly mayRepeat: boolean;
}

/** How far ahead, and back, it is searched for a message. */
const reach = 20_000;

/** Compares what comes with what is expected in this order. */
export class Sequence<T> {
  readonly faults: SequenceFault[] = [];
  readonly #expected: readonly T[];
  readonly #rules: SequenceRules<T>;
  #at = 0;
  /** Where what comes again was last found. */
  #again = 0;

  constructor(expected: readonly T[], rules: SequenceRules<T>) {
    this.#expected = expected;
    this.#rules = rules;
  }

  take(value: unknown): void {
    const { same, mayRepeat } = this.#rules;
    if (this.#at < this.#expected.length && same(this.#expected[this.#at] as T, value)) this.#at++;
    else {
      const near = this.#find(value, this.#again, this.#again + 2);
      const earlier = near >= 0 ? near : this.#find(value, this.#at - reach, this.#at);
      if (earlier >= 0 && earlier < this.#at) {
        this.#again = earlier + 1;
        if (!mayRepeat) this.faults.push({ kind: 'repeated', value });
        return;
      }
      const ahead = this.#find(value, this.#at + 1, this.#at + reach);
      if (ahead < 0) this.faults.push({ kind: 'foreign', value });
      else {
        this.#lack(ahead);
        this.#at++;
      }
    }
    this.#again = this.#at;
  }

  /** Nothing comes any more. */
  end(): readonly SequenceFault[] {
    this.#lack(this.#expected.length);
    return this.faults;
  }

  #lack(to: number): void {
    const missing = this.#expected.slice(this.#at, to);
    if (missing.length > 0 && !this.#rules.mayLack(missing, this.#expected[to]))
      this.faults.push(...missing.map((value) => ({ kind: 'lost', value }) as const));
    this.#at = to;
  }

  #find(value: unknown, from: number, to: number): number {
    for (let index = Math.max(0, from); index < Math.min(to, this.#expected.length); index++)
      if (this.#rules.same(this.#expected[index] as T, value)) return index;
    return -1;
  }
}
