import { describe, expect, it } from 'vitest';
import {
  countText,
  decimalsOf,
  delayText,
  durationText,
  fit,
  priceText,
  rateText,
  signedText,
  sparkline,
} from '../../../connectors/terminal/text.ts';

describe('figures on the screen', () => {
  it.each([
    [196.38, '196.38'],
    [196.4, '196.40'],
    [195.455, '195.455'],
    [100.44092682, '100.4409'],
    [1.08561, '1.08561'],
    [97_000.123456, '97000.12'],
    [0.00001234, '0.00001234'],
    [1.5e-7, '0.00000015'],
    [0, '0.00'],
    [-5, '-5.00'],
    [1e300, '1.000e+300'],
  ])('a price of %d is %s', (price, text) => {
    expect(priceText(price, decimalsOf(price))).toBe(text);
  });

  it('changes carry their sign, but for nothing', () => {
    expect([1.005, -0.5, 0.001, -0.001, 5e9].map((value) => signedText(value, 2))).toEqual([
      ...['+1.00', '-0.50', '0.00', '0.00', '+5.0e+9'],
    ]);
  });

  it('rates, counts and times stay short', () => {
    expect([0, 0.01, 12.34, 999.94, 999.96, 10_020].map(rateText)).toEqual([
      '0.0',
      '<0.1',
      '12.3',
      '999.9',
      '1 000',
      '10 020',
    ]);
    expect([0, 1234, 5_000_000_000, 1e20].map(countText)).toEqual(['0', '1 234', '5 000M', '1.0e+20']);
    expect([-5, 99_000, 100_000, 6_000_000, 2e8].map(durationText)).toEqual(['0 s', '99 s', '1 min', '1 h', '2 d']);
    expect([0, 0.42, 12.3, 1234, -1500, 200_000].map(delayText)).toEqual([
      '0 ms',
      '0.4 ms',
      '12 ms',
      '1.2 s',
      '-1.5 s',
      '3 min',
    ]);
  });

  it('a text that is too long shows that it was cut', () => {
    expect([fit('abc', 3), fit('abcd', 3), fit('a', 3, 'right'), fit('abcd', 1), fit('a', 0)]).toEqual([
      'abc',
      'ab…',
      '  a',
      '…',
      '',
    ]);
  });

  it('a sparkline ends on the right, with gaps for what is missing', () => {
    expect(sparkline([1, undefined, 3, 2], 6)).toBe('  ▁ █▅');
    expect(sparkline([5, 5], 2)).toBe('▁▁');
    expect(sparkline([], 2)).toBe('  ');
    expect(sparkline([5, 10], 2, true)).toBe('▅█');
  });
});
