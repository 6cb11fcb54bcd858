import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countText,
  delayText,
  distinctWidth,
  fit,
  fitName,
  rateText,
  signedText,
  sparkline,
  tradeTime,
} from '../../../connectors/terminal/text.ts';

describe('figures on the screen', () => {
  it('changes have a sign, except zero', () => {
    expect([1.005, -0.5, 0.001, -0.001, 5e9].map((value) => signedText(value, 2))).toEqual([
      ...['+1.00', '-0.50', '0.00', '0.00', '+5.0e+9'],
    ]);
  });

  it('rates, counts and times stay short', () => {
    expect([undefined, 0, 0.01, 12.34, 999.94, 999.96, 10_020].map(rateText)).toEqual([
      '-',
      '0.0',
      '<0.1',
      '12.3',
      '999.9',
      '1 000',
      '10 020',
    ]);
    expect([0, 1234, 5_000_000_000, 1e20].map(countText)).toEqual(['0', '1 234', '5 000M', '1.0e+20']);
    expect([0, 0.42, 12.3, 1234, -1500, 200_000].map(delayText)).toEqual([
      '0 ms',
      '0.4 ms',
      '12 ms',
      '1.2 s',
      '-1.5 s',
      '3 min',
    ]);
  });

  it('a text that is too long shows that it was truncated', () => {
    expect([fit('abc', 3), fit('abcd', 3), fit('a', 3, 'right'), fit('abcd', 1), fit('a', 0)]).toEqual([
      'abc',
      'ab…',
      '  a',
      '…',
      '',
    ]);
  });

  it('different names stay different when they are shortened, while there is room', () => {
    expect(fitName('BINANCE:BTCUSDT', 14)).toBe('BINANCE…TCUSDT');
    expect([fitName('abc', 3), fitName('abcd', 3), fitName('abcd', 2)]).toEqual(['abc', 'a…d', 'a…']);
    const name = fc.stringMatching(/^[AB:]{1,20}$/);
    fc.assert(
      fc.property(fc.array(name, { maxLength: 10 }), fc.nat(20), (names, least) => {
        const width = distinctWidth(names, least);
        const truncated = names.map((each) => fitName(each, width));
        expect(new Set(truncated).size).toBe(new Set(names).size);
        for (const each of truncated) expect(each.length).toBeLessThanOrEqual(Math.max(0, width));
      }),
    );
  });

  it('a trade dated far from its receipt shows its date', () => {
    const seenAt = new Date(2026, 0, 5, 14, 3, 22, 120).getTime();
    expect(tradeTime(undefined, seenAt)).toBe('14:03:22.120');
    expect(tradeTime(seenAt - 1000, seenAt)).toBe('14:03:21.120');
    expect(tradeTime(Date.UTC(2099, 0, 1), seenAt)).toBe('2099-01-01');
  });

  it('a sparkline ends on the right, with gaps for missing values', () => {
    expect(sparkline([1, undefined, 3, 2], 6)).toBe('  ▁ █▅');
    expect(sparkline([5, 5], 2)).toBe('▁▁');
    expect(sparkline([], 2)).toBe('  ');
    expect(sparkline([5, 10], 2, true)).toBe('▅█');
  });
});
