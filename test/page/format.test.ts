import { describe, expect, it } from 'vitest';
import { age, compact, grouped, milliseconds, percent, perSecond, plural, price } from '../../page/model/format.ts';
import { optionLines } from '../../page/model/options.ts';

describe('figures as text', () => {
  it('shortens counts and rates', () => {
    expect([0, 999, 9999, 12_345, 999_499, 999_500, 1_234_567, 2.5e9].map(compact)).toEqual([
      '0',
      '999',
      '9999',
      '12.3k',
      '999k',
      '1.00M',
      '1.23M',
      '2.50G',
    ]);
    expect([undefined, 0, 0.01, 3.44, 52.4, 12_345].map(perSecond)).toEqual([
      '–',
      '0/s',
      '<0.1/s',
      '3.4/s',
      '52/s',
      '12.3k/s',
    ]);
    expect(grouped(1_234_567)).toBe('1,234,567');
  });

  it('gives a price the digits that its size deserves', () => {
    expect([196.383, 0.00012345, 0.5, 64_000, Number.NaN].map(price)).toEqual([
      '196.38',
      '0.0001235',
      '0.50',
      '64,000.00',
      '–',
    ]);
  });

  it('gives a share its sign', () => {
    expect([0.0123, -0.0004, 0.000001].map(percent)).toEqual(['+1.23 %', '−0.04 %', '0.00 %']);
  });

  it('says how long', () => {
    expect([0.42, 12.3, 1400, 95_000, undefined].map(milliseconds)).toEqual(['0.42 ms', '12 ms', '1.4 s', '95 s', '–']);
    expect([4000, 420_000, 11_100_000, 400_000_000].map(age)).toEqual(['4 s', '7 min', '3 h 5 min', '4 d']);
    expect([plural(1, 'process', 'processes'), plural(2, 'process', 'processes')]).toEqual([
      '1 process',
      '2 processes',
    ]);
  });

  it('shows options as they are written', () => {
    expect(optionLines({ field: 'data', as: { symbol: 's' }, list: [1, 'a'], none: {} })).toEqual([
      ['field', 'data'],
      ['as', '{ symbol: s }'],
      ['list', '[1, a]'],
      ['none', '{}'],
    ]);
    expect(optionLines('price > 0')).toEqual([['', 'price > 0']]);
    expect(optionLines(undefined)).toEqual([]);
  });
});
