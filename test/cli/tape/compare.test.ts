import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compared, differenceLines, isSame, type Keyed } from '../../../src/cli/tape/compare.ts';

const row = (key: string, value: unknown): Keyed => ({ key, value });
const lines = (...values: readonly number[]) => values.map((n) => row('A', { n }));

describe('compared', () => {
  it('finds what only one has, and the fields that differ, by key', () => {
    const one = [row('A', { p: 1, q: [1] }), row('B', { p: 2 }), row('C', { p: 3 })];
    const other = [row('C', { p: 4 }), row('A', { q: [1], p: 1 }), row('D', { p: 5 })];
    expect(compared(one, other)).toEqual({
      counts: [3, 3],
      onlyOne: [row('B', { p: 2 })],
      onlyOther: [row('D', { p: 5 })],
      different: [{ key: 'C', number: 1, fields: { p: [3, 4] } }],
    });
  });

  it('compares those with one key in order, and finds one that was left out or is too many', () => {
    expect(compared(lines(1, 2, 3), lines(1, 3, 2)).different.map(({ number }) => number)).toEqual([2, 3]);
    expect(compared(lines(1, 2, 3, 4), lines(1, 2, 4))).toMatchObject({
      onlyOne: lines(3),
      onlyOther: [],
      different: [],
    });
    expect(compared(lines(1, 4), lines(1, 2, 4))).toMatchObject({ onlyOne: [], onlyOther: lines(2), different: [] });
    expect(isSame(compared(lines(1, 2), lines(1)))).toBe(false);
  });

  it('finds nothing between the same, in whatever order the keys come; and something between others', () => {
    const keyed = fc.array(fc.record({ key: fc.constantFrom('A', 'B', 'C'), value: fc.jsonValue() }), { maxLength: 9 });
    fc.assert(
      fc.property(keyed, keyed, (one, other) => {
        const byKey = [...one].sort((left, right) => left.key.localeCompare(right.key));
        expect(isSame(compared(one, byKey))).toBe(true);
        const text = (all: readonly Keyed[]) =>
          JSON.stringify([...all].sort((left, right) => left.key.localeCompare(right.key)));
        if (!JSON.stringify([one, other]).includes('{"') && text(one) !== text(other))
          expect(isSame(compared(one, other))).toBe(false);
      }),
    );
  });

  it('is shown with the first of each kind', () => {
    const many = Array.from({ length: 5 }, (_, at) => row('A', { n: at, p: at }));
    const changed = many.map(({ key, value }) => row(key, { ...(value as object), p: 9 }));
    const found = compared([...many, row('B', 1)], [...changed, row('C', 2)]);
    expect(differenceLines(found, ['a.yml', 'b.yml'])).toEqual([
      '  5 different in p',
      '    A: p 0 -> 9',
      '    A (2): p 1 -> 9',
      '    A (3): p 2 -> 9',
      '    and 2 more',
      '  1 only with a.yml',
      '    B: 1',
      '  1 only with b.yml',
      '    C: 2',
    ]);
  });
});
