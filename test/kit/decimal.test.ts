import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDecimals,
  compareDecimals,
  decimalText,
  fitsStores,
  formatDecimal,
  parseDecimal,
} from '../../src/kit/decimal.ts';

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

  describe('arithmetic', () => {
    const scale = 40;
    /** Of up to 34 digits, among them many around the length and the size from which big integers are needed. */
    const amount = fc
      .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.nat(24), fc.nat(16))
      .map(([units, cut, decimals]) => formatDecimal({ units: units / 10n ** BigInt(cut), scale: decimals }));
    const atScale = (text: string) => {
      const [whole = '', fraction = ''] = text.split('.');
      return BigInt(whole + fraction.padEnd(scale, '0'));
    };

    it('adds up exactly, in whatever steps', () => {
      fc.assert(
        fc.property(fc.array(amount, { maxLength: 30 }), (texts) => {
          const total = texts.map(parseDecimal).reduce(addDecimals, { units: 0, scale: 0 });
          const text = formatDecimal(total);
          expect(decimalText(text)).toBe(text);
          expect(atScale(text)).toBe(texts.reduce((sum, each) => sum + atScale(each), 0n));
          expect(fitsStores(total)).toBe(text.replace(/[-.]/g, '').replace(/^0+|0+$/g, '').length <= 34);
        }),
        { numRuns: 2000 },
      );
    });

    it('compares exactly', () => {
      fc.assert(
        fc.property(amount, amount, fc.boolean(), (a, b, isSame) => {
          const other = isSame ? a : b;
          const [left, right] = [atScale(a), atScale(other)];
          expect(compareDecimals(parseDecimal(a), parseDecimal(other))).toBe(left < right ? -1 : Number(left > right));
        }),
        { numRuns: 2000 },
      );
    });

    it.each([
      ['900719925474099', '0.0000000000001'],
      ['999999999999999', '999999999999999'],
      ['9007199254740991', '1'],
      ['-0.000000000001', '999999999999.9'],
    ])('adds %s and %s where doubles end', (a, b) => {
      const sum = addDecimals(parseDecimal(a), parseDecimal(b));
      expect(atScale(formatDecimal(sum))).toBe(atScale(a) + atScale(b));
      expect(atScale(formatDecimal(addDecimals(sum, sum)))).toBe(2n * (atScale(a) + atScale(b)));
    });
  });
});
