import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withField } from '../../src/kit/row.ts';

describe('fields and one more', () => {
  it('are what a spread gives, whatever the names are, and leave the old ones alone', () => {
    const name = fc.constantFrom('a', 'b', '1', '__proto__', 'constructor', '');
    const fields = fc
      .array(fc.tuple(name, fc.integer()))
      .map((pairs) => JSON.parse(`{${pairs.map(([key, n]) => `${JSON.stringify(key)}:${n}`).join()}}`));
    fc.assert(
      fc.property(fields, name, fc.integer(), (given, added, value) => {
        const before = { ...given };
        const expected = { ...given, [added]: value };
        const got = withField(given, added, value);
        expect(Object.entries(got)).toEqual(Object.entries(expected));
        expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
        expect(Object.entries(given)).toEqual(Object.entries(before));
      }),
    );
  });
});
