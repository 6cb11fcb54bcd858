import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLacking, readBars } from '../../src/kit/bar.ts';
import { barOf, noon } from '../support/cli/dashboard.ts';
import { candleAnswer } from '../support/sockets/candles-api.ts';

const minuteMs = 60_000;
const later = noon + 60 * minuteMs;
const item = (place: number, more = {}) =>
  candleAnswer({ start: noon + place * minuteMs, lengthMs: minuteMs, open: 1, close: 3 }, more);
const plain = (place: number, more = {}) => barOf(place, [1, 4, 0, 3], { trades: 10, ...more });

describe('the bars of a response', () => {
  it('are read oldest first, one per start, with numbers and times in any form', () => {
    const numbers = { open: 1, high: '4', low: 0, close: '3', start: noon, end: noon + minuteMs, volume: 7 };
    expect(readBars([item(2), item(1, { late_trades: 2 }), item(1), numbers], later)).toEqual([
      plain(0, { volume: 7, trades: undefined, state: 'incomplete' }),
      plain(1),
      plain(2),
    ]);
    expect(readBars([item(1, { late_trades: 2, complete: false, gap_ms: 1500, vwap: '2.5' })], later)).toEqual([
      plain(1, { lateTrades: 2, gapMs: 1500, vwap: 2.5, state: 'incomplete' }),
    ]);
    expect(readBars([], later)).toEqual([]);
  });

  it('are without those that have no price', () => {
    const unpriced = item(1, { open: null, high: null, low: null, close: null });
    expect(readBars([item(2), unpriced, item(0)], later)?.map(({ start }) => (start - noon) / minuteMs)).toEqual([
      0, 2,
    ]);
    expect(readBars([unpriced], later)).toEqual([]);
  });

  it('are incomplete once they have ended, and not while they are open or have just ended', () => {
    const at = (ms: number) => readBars([item(0, { complete: false })], noon + ms)?.[0]?.state;
    expect([at(30_000), at(minuteMs + 500), at(minuteMs + 2000)]).toEqual(['open', 'open', 'incomplete']);
  });

  it('are not accepted when nothing in it is a bar', () => {
    for (const items of [undefined, null, 'text', {}, 7, [7, null], [{ no: 'bar' }]])
      expect(readBars(items, later)).toBeUndefined();
  });

  it('can always be drawn, whatever it contains', () => {
    const value = fc.oneof(fc.double(), fc.string(), fc.constantFrom(noon, noon + 1, '3', null));
    const names = ['start', 'end', 'open', 'high', 'low', 'close', 'volume', 'late_trades', 'complete', 'gap_ms'];
    const any = fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 5 }), (items) => {
        for (const { start, end, open, high, low, close, gapMs } of readBars(items, later) ?? []) {
          expect(end).toBeGreaterThan(start);
          expect([open, high, low, close, gapMs].every(Number.isFinite)).toBe(true);
          expect([low <= Math.min(open, close), high >= Math.max(open, close)]).toEqual([true, true]);
        }
      }),
    );
  });

  it('lack trades when the feed was away, or the log did not reach back to their start', () => {
    expect([plain(0), plain(0, { state: 'open' }), plain(0, { lateTrades: 3 })].map(isLacking)).toEqual([
      false,
      false,
      false,
    ]);
    expect([plain(0, { state: 'incomplete' }), plain(0, { gapMs: 1, state: 'open' })].map(isLacking)).toEqual([
      true,
      true,
    ]);
  });
});
