import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, thrown } from './evaluate.ts';

describe('decimal', () => {
  it.each([
    [196.6, '196.6'],
    [265, '265'],
    [1e-7, '0.0000001'],
    [1e21, '1000000000000000000000'],
    [-0, '0'],
    [-1.5e-9, '-0.0000000015'],
    [0.1 + 0.2, '0.30000000000000004'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    ['1E+3', '1000'],
    ['196.600', '196.600'],
    ['-.5', '-0.5'],
    ['+007', '7'],
    [null, null],
  ])('writes %j as %j', (value, text) => {
    expect(evaluate('decimal(x)', { x: value })).toBe(text);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 'abc', '', '.', '1e9999999', '1e99999', true, {}])(
    'rejects %j',
    (value) => {
      expect(thrown(() => evaluate('decimal(x)', { x: value })).code).toBe('FDP_MESSAGE_INVALID');
    },
  );

  it('reads back as the same double, without an exponent', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (x) => {
        const text = evaluate('decimal(x)', { x });
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Number(text)).toBe(x === 0 ? 0 : x);
        expect(String(text).replace(/^-?0*\.?0*|\.|0*$/g, '').length).toBeLessThanOrEqual(17);
      }),
    );
  });
});

describe('iso', () => {
  it.each([
    [1763645598585, '2025-11-20T13:33:18.585Z'],
    [0, '1970-01-01T00:00:00.000Z'],
    [253402300799999, '9999-12-31T23:59:59.999Z'],
    [null, null],
  ])('writes %j as %j', (value, text) => {
    expect(evaluate('iso(x)', { x: value })).toBe(text);
  });

  it.each([253402300800000, -62167219200001, Number.NaN, 8.7e15, '2025'])('rejects %j', (value) => {
    expect(thrown(() => evaluate('iso(x)', { x: value })).code).toBe('FDP_MESSAGE_INVALID');
  });
});
