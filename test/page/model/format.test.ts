import { describe, expect, it } from 'vitest';
import { Decimals } from '../../../page/model/decimals.ts';
import {
  age,
  compact,
  grouped,
  milliseconds,
  perSecond,
  plural,
  price,
  rateFigure,
  timeOfDay,
  toVwap,
} from '../../../page/model/format.ts';
import { optionLines } from '../../../page/model/options.ts';

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

  it('gives a price the decimals of its instrument, and groups its thousands', () => {
    const decimals = new Decimals();
    const seen = [
      ['EURUSD', 1.08653],
      ['BRK.A', 712_345.5],
      ['COIN', 1e-9],
      ['BIG', 1e14],
      ['AAPL', 196.38],
    ] as const;
    for (const [symbol, value] of seen) decimals.see(symbol, value);
    expect(seen.map(([symbol, value]) => price(value, decimals.of(symbol)))).toEqual([
      ...['1.08653', '712,345.50', '0.000000001', '100,000,000,000,000.00', '196.38'],
    ]);
    expect(price(1.0865, decimals.of('EURUSD'))).toBe('1.08650');
    expect([price(Number.NaN, 2), price(1e300, 2), price(-1234.5, 2)]).toEqual(['–', '1.000e+300', '-1,234.50']);
  });

  it('remembers the decimals of a bounded number of instruments', () => {
    const decimals = new Decimals();
    for (let number = 0; number < 20_000; number++) decimals.see(`S${number}`, 1.12345);
    expect([decimals.of('S0'), decimals.of('S19999')]).toEqual([2, 5]);
  });

  it('writes the distance to the VWAP in basis points, as the dashboard does', () => {
    expect([3.56, -12, 0.01, undefined].map(toVwap)).toEqual(['+3.6 bp', '−12.0 bp', '0.0 bp', '–']);
    expect([undefined, 0.34, 1234.5].map(rateFigure)).toEqual(['–', '0.3', '1,235']);
  });

  it('shows the date of a time on another day', () => {
    const now = new Date(2026, 0, 5, 14, 3, 27, 512).getTime();
    expect(timeOfDay(now, now)).toBe('14:03:27.512');
    expect(timeOfDay(new Date(2099, 0, 1, 9).getTime(), now)).toBe('2099-01-01 09:00:00.000');
    expect(timeOfDay(Number.NaN, now)).toBe('–');
  });

  it('formats durations', () => {
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
