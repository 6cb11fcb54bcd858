import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assigned, matches } from '../../../src/cli/test/matching.ts';

const field = fc.integer({ min: 0, max: 2 });
const row = fc.record({ a: field, b: field }, { requiredKeys: [] });

/** The most of `expected` that find one of their own, by trying all ways. */
function most(expected: readonly unknown[], got: readonly unknown[]): number {
  const [first, ...rest] = expected;
  if (expected.length === 0) return 0;
  const without = most(rest, got);
  const taken = got.map((value, at) =>
    matches(first, value)
      ? 1 +
        most(
          rest,
          got.filter((_each, other) => other !== at),
        )
      : 0,
  );
  return Math.max(without, ...taken);
}

describe('expected values', () => {
  it('match what has their fields; lists item by item', () => {
    expect(matches({ a: 1, c: { d: null } }, { a: 1, b: 2, c: { d: null, e: 1 } })).toBe(true);
    expect(matches([{ a: 1 }], [{ a: 1, b: 2 }])).toBe(true);
    expect(matches(-0, 0)).toBe(true);
    for (const [expected, got] of [
      [{ a: 1 }, { a: '1' }],
      [{ a: undefined }, {}],
      [{ toString: 1 }, {}],
      [[1], [1, 2]],
      [{ 0: 1 }, [1]],
      [null, {}],
      [{}, null],
      [0, null],
    ])
      expect(matches(expected, got)).toBe(false);
  });

  it('each find one of their own whenever that is possible', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), fc.array(row, { maxLength: 5 }), (expected, got) => {
        const found = assigned(expected, got).filter((at) => at !== undefined);
        expect(new Set(found).size).toBe(found.length);
        for (const [one, at] of assigned(expected, got).entries())
          if (at !== undefined) expect(matches(expected[one], got[at])).toBe(true);
        expect(found.length).toBe(most(expected, got));
      }),
    );
  });
});
