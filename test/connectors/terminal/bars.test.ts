import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergedBars, readBars } from '../../../connectors/terminal/bars.ts';
import { barOf, noon } from '../../support/cli/dashboard.ts';
import { candleAnswer } from '../../support/sockets/candles-api.ts';

const minuteMs = 60_000;
const answer = (place: number, more = {}) =>
  candleAnswer({ start: noon + place * minuteMs, lengthMs: minuteMs, open: 1, close: 3 }, more);

describe('the response of the candles route', () => {
  it('is read, oldest first, one bar per start, with numbers and times in any form', () => {
    const numbers = { open: 1, high: '4', low: 0, close: '3', start: noon, end: noon + minuteMs, volume: 7 };
    const data = [answer(2), answer(1, { late_trades: 2, complete: false, gap_ms: 1500 }), answer(1), numbers];
    expect(readBars({ data: { data } })).toEqual([
      barOf(0, [1, 4, 0, 3], { volume: 7, isComplete: false }),
      barOf(1, [1, 4, 0, 3]),
      barOf(2, [1, 4, 0, 3]),
    ]);
    expect(readBars({ data: { data: [answer(1, { late_trades: 2, complete: false, gap_ms: 1500 })] } })).toEqual([
      barOf(1, [1, 4, 0, 3], { isCorrected: true, isComplete: false, gapMs: 1500 }),
    ]);
    expect(readBars({ data: { data: [] } })).toEqual([]);
  });

  it('is not accepted when nothing in it is a bar', () => {
    for (const body of [
      undefined,
      null,
      'text',
      [],
      {},
      { data: {} },
      { data: [] },
      { data: { data: 7 } },
      { data: { data: [7, null] } },
    ])
      expect(readBars(body)).toBeUndefined();
  });

  it('never gives a bar that can not be drawn, whatever it contains', () => {
    const value = fc.oneof(fc.double(), fc.string(), fc.constantFrom(noon, noon + 1, '3', null));
    const names = ['start', 'end', 'open', 'high', 'low', 'close', 'volume', 'late_trades', 'complete', 'gap_ms'];
    const item = fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 5 }), (data) => {
        for (const { start, end, open, high, low, close, gapMs } of readBars({ data: { data } }) ?? []) {
          expect(end).toBeGreaterThan(start);
          expect([open, high, low, close, gapMs].every(Number.isFinite)).toBe(true);
          expect([low <= Math.min(open, close), high >= Math.max(open, close)]).toEqual([true, true]);
        }
      }),
    );
  });

  it('replaces the known bars from its first bar on', () => {
    const known = [0, 1, 2].map((place) => barOf(place, [1, 2, 0, 1]));
    const newer = [2, 3].map((place) => barOf(place, [5, 6, 4, 5]));
    expect(mergedBars(known, newer, 3).map(({ start, open }) => [(start - noon) / minuteMs, open])).toEqual([
      [1, 1],
      [2, 5],
      [3, 5],
    ]);
    expect(mergedBars(known, [], 3)).toBe(known);
  });
});
