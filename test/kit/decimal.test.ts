import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalText } from '../../src/kit/decimal.ts';

describe('decimal', () => {
  it.each([
    [196.6, '196.6'],
    [0.1, '0.1'],
    [1e-7, '0.0000001'],
    [1.25e-9, '0.00000000125'],
    [1e21, '1000000000000000000000'],
    [1.5e22, '15000000000000000000000'],
    [-0, '0'],
    [-2.5, '-2.5'],
    [0, '0'],
    ['007.10', '7.1'],
    ['-0.00', '0'],
    ['+1.', '1'],
    ['.5', '0.5'],
    ['12.5E-1', '1.25'],
    ['123456789012345678901234567890.5', '123456789012345678901234567890.5'],
  ])('writes %s as %s', (value, text) => {
    expect(decimalText(value)).toBe(text);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '', '.', 'e5', '1e', '0x10', ' 1', '1,5', '1e9999', '1e99999', 'NaN'])(
    'takes no %s',
    (value) => {
      expect(decimalText(value)).toBeUndefined();
    },
  );

  it('gives plain text that is the same number, and is its own canonical text', () => {
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(finite, (value) => {
        const text = decimalText(value) ?? '';
        expect(text).toMatch(/^(-(?!0$))?(0|[1-9]\d*)(\.\d*[1-9])?$/);
        expect(Number(text)).toBe(value + 0);
        expect(decimalText(text)).toBe(text);
      }),
    );
  });
});
