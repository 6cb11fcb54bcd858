import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decimalProduct } from '../../../operators/support/decimal-product.ts';

/** A decimal's text times 10^400. */
function scaled(text: string): bigint {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text) ?? [];
  const units = BigInt(whole + fraction) * 10n ** BigInt(400 + Number(exponent) - fraction.length);
  return sign === '-' ? -units : units;
}

describe('the product of two decimals', () => {
  it.each([
    [196.38, 100, '19638.00'],
    [0.1, 0.2, '0.02'],
    ['-37.63', '2.5', '-94.075'],
    [0, -5, '0'],
    ['0.00000012', '3', '0.00000036'],
    [1e21, 1e-7, '100000000000000'],
    ['007.50', '.5', '3.750'],
    ['12345678901234567.89', '98765432.1', '1219326311248285321112635.269'],
  ])('%s times %s is %s', (a, b, product) => {
    expect(decimalProduct(a, b)).toBe(product);
  });

  it('is exact, for numbers and for texts', () => {
    const number = fc
      .double({ min: -1e15, max: 1e15, noNaN: true })
      .filter((each) => Math.abs(each) > 1e-90 || each === 0);
    const text = fc.tuple(fc.integer(), fc.nat(99_999)).map(([whole, fraction]) => `${whole}.${fraction}`);
    const price = fc
      .tuple(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), fc.nat(9))
      .map(([units, scale]) => units / 10 ** scale);
    const amount = fc.oneof(number, price, fc.integer(), text);
    fc.assert(
      fc.property(amount, amount, (a, b) => {
        const product = decimalProduct(a, b);
        expect(product).toMatch(/^-?(0|[1-9]\d*)(\.\d+)?$/);
        expect(scaled(product) * 10n ** 400n).toBe(scaled(String(a)) * scaled(String(b)));
      }),
      { numRuns: 1000 },
    );
  });
});
