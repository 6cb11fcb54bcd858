import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errorText } from '../../src/errors.ts';
import { foreignText, jsonWithin } from '../../src/kit/text.ts';

const hostile = {
  get message(): string {
    throw new Error('no');
  },
};
let deep: unknown = 'x';
for (let level = 0; level < 20_000; level++) deep = { deep };
const cycle: { self?: unknown } = {};
cycle.self = cycle;

describe('text of others', () => {
  it('is shown within bounds and without what steers a terminal, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true }), (value) => {
        const text = foreignText(value, 100);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
        expect([...text].length).toBeLessThanOrEqual(10 * 100 + 3);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 1000 }), (value) => {
        expect(foreignText(value, 100)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
      }),
    );
  });

  it('keeps what is plain, and makes one line of several', () => {
    expect(foreignText('ä "b"\n  c\td')).toBe('ä "b" c d');
    expect(foreignText('\u001b[2J\u009b1m\u202etxt.exe')).toBe('\\u{1b}[2J\\u{9b}1m\\u{202e}txt.exe');
    expect(foreignText('abcdef', 3)).toBe('abc...');
    expect(foreignText({ a: [1, null] })).toBe('{"a":[1,null]}');
  });

  it.each([
    ['deep', deep],
    ['a cycle', cycle],
    ['one that throws', new Proxy({}, { ownKeys: () => ['a'], get: () => hostile.message })],
    ['an error that throws', Object.setPrototypeOf(hostile, Error.prototype)],
    ['no prototype', Object.create(null)],
    ['a symbol', Symbol('s')],
    ['long', 'x'.repeat(100_000_000)],
    ['many', new Array(5_000_000).fill({ a: 1 })],
  ])('is shown of a value that is %s', (_what, value) => {
    expect(foreignText(value).length).toBeLessThanOrEqual(510);
    expect(errorText(value).length).toBeLessThanOrEqual(2010);
    expect(jsonWithin(value, 1000).length).toBeLessThanOrEqual(1000);
  });

  it('is JSON as JSON.stringify writes it where it is plain and fits', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        expect(JSON.parse(jsonWithin(value, 1e6))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
