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

/** What came, in comparison with what was expected in this order. */
export function sequenceFaults<T>(
  expected: readonly T[],
  got: readonly unknown[],
  rules: SequenceRules<T>,
): readonly SequenceFault[] {
  const faults: SequenceFault[] = [];
  let at = 0;
  /** Where what comes again was last found. */
  let again = 0;
  const lack = (to: number) => {
    const missing = expected.slice(at, to);
    if (missing.length > 0 && !rules.mayLack(missing, expected[to]))
      faults.push(...missing.map((value) => ({ kind: 'lost', value }) as const));
    at = to;
  };
  const find = (value: unknown, from: number, to: number) => {
    for (let index = Math.max(0, from); index < Math.min(to, expected.length); index++)
      if (rules.same(expected[index] as T, value)) return index;
    return -1;
  };
  for (const value of got) {
    if (at < expected.length && rules.same(expected[at] as T, value)) at++;
    else {
      const earlier = find(value, again, again + 2) >= 0 ? find(value, again, again + 2) : find(value, at - reach, at);
      if (earlier >= 0 && earlier < at) {
        again = earlier + 1;
        if (!rules.mayRepeat) faults.push({ kind: 'repeated', value });
        continue;
      }
      const ahead = find(value, at + 1, at + reach);
      if (ahead < 0) faults.push({ kind: 'foreign', value });
      else {
        lack(ahead);
        at++;
      }
    }
    again = at;
  }
  lack(expected.length);
  return faults;
}
