import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  axisDecimals,
  basisPoints,
  decimalsOf,
  priceText,
  vwapDistance,
  widerDecimals,
} from '../../src/kit/price-text.ts';

/** A price as instruments have them: up to `digits` digits, from 1e-9 to 1e14. */
const arbitraryPrice = (digits: number) =>
  fc
    .tuple(fc.integer({ min: 1, max: 10 ** digits - 1 }), fc.integer({ min: -12, max: 8 }))
    .map(([whole, exponent]) => Number(`${whole}e${exponent}`))
    .filter((price) => price < 1e15);

describe('a price as text', () => {
  it.each([
    [196.38, '196.38'],
    [196.4, '196.40'],
    [1.08653, '1.08653'],
    [110.5078125, '110.5078125'],
    [700_000, '700000.00'],
    [97_000.123456, '97000.123456'],
    [1e-9, '0.000000001'],
    [0.00001234, '0.00001234'],
    [1e14, '100000000000000.00'],
    [0, '0.00'],
    [-37.63, '-37.63'],
    // Of arithmetic: seven digits are meant.
    [0.1 + 0.2, '0.30'],
    [1.08653 + 4e-5, '1.08657'],
    [100 / 3, '33.33333'],
    [1e300, '1.000e+300'],
    [5e-324, '4.941e-324'],
    [Number.NaN, '-'],
  ])('%d is %s', (price, text) => {
    expect(priceText(price, decimalsOf(price))).toBe(text);
  });

  it('gives back every price that has up to twelve digits, from the smallest to the largest', () => {
    fc.assert(
      fc.property(arbitraryPrice(12), (price) => {
        const text = priceText(price, decimalsOf(price));
        expect(text).toMatch(/^\d+\.\d{2,}$/);
        expect(Number(text)).toBe(price);
      }),
      { numRuns: 2000 },
    );
  });

  it('never shows two prices of one instrument alike, and one decimal point under the other', () => {
    fc.assert(
      fc.property(fc.uniqueArray(arbitraryPrice(7), { minLength: 2, maxLength: 20 }), (prices) => {
        const near = prices.filter((price) => price / Math.min(...prices) < 1e6);
        const decimals = near.reduce<number | undefined>(widerDecimals, undefined) ?? 2;
        const texts = near.map((price) => priceText(price, decimals));
        expect(new Set(texts).size).toBe(near.length);
        if (near.every((price) => price < 1)) expect(new Set(texts.map((text) => text.length)).size).toBe(1);
      }),
    );
  });

  it('is short whatever the number is', () => {
    fc.assert(
      fc.property(fc.double(), fc.nat(30), (price, decimals) => {
        expect(priceText(price, decimals).length).toBeLessThanOrEqual(24);
        expect(decimalsOf(price)).toBeGreaterThanOrEqual(2);
        expect(decimalsOf(price)).toBeLessThanOrEqual(20);
      }),
    );
  });

  it('distinguishes the ends of an axis', () => {
    fc.assert(
      fc.property(arbitraryPrice(7), fc.integer({ min: 1, max: 1000 }), (price, steps) => {
        const highest = price * (1 + steps / 1000);
        const decimals = axisDecimals(price, highest, decimalsOf(price));
        const middle = (price + highest) / 2;
        expect(new Set([price, middle, highest].map((value) => priceText(value, decimals))).size).toBe(3);
      }),
    );
    expect(axisDecimals(1, 1, 5)).toBe(5);
  });
});

describe('the distance to the VWAP', () => {
  it('is in basis points, with its sign, but for nothing', () => {
    expect([3.56, -12, 0.04, -0.04, 5e9].map(basisPoints)).toEqual([
      ...['+3.6 bp', '-12.0 bp', '0.0 bp', '0.0 bp', '+5.0e+9 bp'],
    ]);
    expect(vwapDistance(101, 100)).toBe(100);
    expect([vwapDistance(1, undefined), vwapDistance(1, 0)]).toEqual([undefined, undefined]);
  });
});
