import { describe, expect, it } from 'vitest';
import { ageText, durationText, exactDurationText } from '../../src/kit/duration-text.ts';

describe('a duration as text', () => {
  it('is in one unit, rounded down', () => {
    const texts = [-5, 99_000, 100_000, 6_000_000, 2e8, 86_400_000 * 1234].map(durationText);
    expect(texts).toEqual(['0 s', '99 s', '1 min', '1 h', '2 d', '1 234 d']);
  });

  it('is exact in its two largest units, without those of which there are none', () => {
    const texts = [-1, 0, 999.9, 1000, 60_000, 90_500, 3_600_000, 3_601_000, 93_784_000, 2 * 86_400_000];
    expect(texts.map(exactDurationText)).toEqual([
      ...['0 ms', '0 ms', '999 ms', '1 s', '1 min', '1 min 30 s', '1 h', '1 h', '1 d 2 h', '2 d'],
    ]);
  });

  it('of a process has minutes up to two days', () => {
    expect([-1, 4000, 420_000, 11_100_000, 400_000_000].map(ageText)).toEqual([
      '0 s',
      '4 s',
      '7 min',
      '3 h 5 min',
      '4 d',
    ]);
  });
});
