/**
 * Whether a value has everything that is expected of it: of an object the fields that are named, of a list each item, in order; all
 * else must be equal.
 */
export function matches(expected: unknown, got: unknown): boolean {
  if (Array.isArray(expected))
    return Array.isArray(got) && got.length === expected.length && expected.every((item, at) => matches(item, got[at]));
  if (typeof expected !== 'object' || expected === null)
    return Object.is(expected, got) || (expected === 0 && got === 0);
  if (typeof got !== 'object' || got === null || Array.isArray(got)) return false;
  const fields = got as Readonly<Record<string, unknown>>;
  return Object.entries(expected).every(([name, value]) => Object.hasOwn(fields, name) && matches(value, fields[name]));
}

/** For each expected value one of its own that matches, by index; undefined for those that find none. As many as can be find one. */
export function assigned(expected: readonly unknown[], got: readonly unknown[]): readonly (number | undefined)[] {
  const candidates = expected.map((value) => [...got.keys()].filter((at) => matches(value, got[at])));
  const takenBy = new Map<number, number>();
  const find = (one: number, seen: Set<number>): boolean => {
    for (const at of candidates[one] ?? []) {
      if (seen.has(at)) continue;
      seen.add(at);
      const other = takenBy.get(at);
      if (other !== undefined && !find(other, seen)) continue;
      takenBy.set(at, one);
      return true;
    }
    return false;
  };
  for (const one of expected.keys()) find(one, new Set());
  const found = new Map([...takenBy].map(([at, one]) => [one, at]));
  return [...expected.keys()].map((one) => found.get(one));
}
