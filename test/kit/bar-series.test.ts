import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bar } from '../../src/kit/bar.ts';
import { BarSeries } from '../../src/kit/bar-series.ts';
import { barOf, noon } from '../support/cli/dashboard.ts';

const minuteMs = 60_000;
const whole = (askedAt: number, limit = 5) => ({ limit, isWhole: true, askedAt });
const newest = (askedAt: number) => ({ limit: 3, isWhole: false, askedAt });
const flat = (place: number, price = 10, more: Partial<Bar> = {}) => barOf(place, [price, price, price, price], more);
const tick = (seconds: number, price: number, heardAfter = seconds) => ({
  ...{ time: noon + seconds * 1000, price, heardAt: noon + heardAfter * 1000 },
});
const series = (more = {}) => new BarSeries({ lengthMs: minuteMs, most: 5, ...more });
const minutes = (bars: readonly Bar[]) => bars.map(({ start, close }) => [(start - noon) / minuteMs, close]);

describe('what a series of bars requests', () => {
  it('is all of them at first and once a minute, otherwise the newest three', () => {
    const bars = series();
    const asked = Array.from({ length: 32 }, (_, turn) => {
      const query = bars.query(noon + turn * 5000);
      bars.answer(query, [flat(0)]);
      return query.isWhole;
    });
    expect(asked.flatMap((isWhole, turn) => (isWhole ? [turn * 5] : []))).toEqual([0, 60, 120]);
    expect(bars.query(noon + 1).isWhole).toBe(true);
  });

  it('is all of long bars less often: they are made of many', () => {
    const hours = series({ lengthMs: 24 * 60 * minuteMs });
    hours.answer(hours.query(noon), [flat(0)]);
    expect([23, 24].map((after) => hours.query(noon + after * minuteMs).limit)).toEqual([3, 5]);
  });

  it('is all of them while there are none, after a failure, and for a chart that has become larger', () => {
    const bars = series();
    bars.answer(bars.query(noon), []);
    expect(bars.query(noon + 1000).isWhole).toBe(true);
    bars.answer(bars.query(noon + 2000), [flat(0)]);
    expect(bars.query(noon + 3000).isWhole).toBe(false);
    bars.fail();
    expect(bars.query(noon + 3000).isWhole).toBe(true);
    bars.answer(bars.query(noon + 4000), [flat(0)]);
    bars.resize(9);
    expect(bars.query(noon + 5000)).toEqual(whole(noon + 5000, 9));
    expect(minutes(bars.bars)).toEqual([[0, 10]]);
  });

  it('is all of them when bars may be missing between the known and the newest', () => {
    const bars = series();
    bars.answer(whole(noon), [flat(0), flat(1)]);
    expect(bars.answer(newest(noon + 1), [flat(1, 11), flat(2)])).toBe(true);
    expect(bars.answer(newest(noon + 2), [flat(4), flat(5)])).toBe(false);
    expect(minutes(bars.bars)).toEqual([
      [0, 10],
      [1, 11],
      [2, 10],
    ]);
    expect(bars.query(noon + 3).isWhole).toBe(true);
  });
});

describe('stored bars', () => {
  it('replace the known ones from the first of them on, within a limit', () => {
    const bars = series({ most: 3 });
    expect([bars.isRead, bars.bars]).toEqual([false, []]);
    bars.answer(whole(noon), [flat(0), flat(1), flat(2)]);
    bars.answer(newest(noon + 1), [flat(2, 20), flat(3)]);
    expect(minutes(bars.bars)).toEqual([
      [1, 10],
      [2, 20],
      [3, 10],
    ]);
    bars.answer(newest(noon + 2), []);
    expect([bars.isRead, bars.bars.length]).toEqual([true, 3]);
  });

  it('are the same objects while they are unchanged, so that they are not drawn again', () => {
    const bars = series();
    bars.answer(whole(noon), [flat(0), flat(1), flat(2)]);
    const before = bars.bars;
    bars.answer(newest(noon + 1), [flat(0), flat(1, 10, { lateTrades: 1 }), flat(2)]);
    expect(bars.bars.map((bar, place) => bar === before[place])).toEqual([true, false, true]);
    bars.answer(whole(noon + 2), [flat(0), flat(2)]);
    expect(bars.bars.map((bar) => before.includes(bar))).toEqual([true, true]);
  });
});

describe('the trades of a feed on top of stored bars', () => {
  it('update the last bar with their highest and lowest, and the last by its time; it keeps its stored figures', () => {
    const bars = series();
    const last = barOf(0, [10, 12, 8, 11], { vwap: 9, trades: 4 });
    bars.answer(whole(noon), [flat(-1), last]);
    bars.take(tick(50, 13));
    bars.take(tick(40, 7, 51));
    bars.take({ ...tick(51, 12), high: 15, low: 6 });
    expect(bars.bars).toEqual([flat(-1), { ...last, high: 15, low: 6, close: 12 }]);
  });

  it('begin bars after it, whose volume is unknown, each at its time', () => {
    const bars = series();
    bars.answer(whole(noon), [flat(0)]);
    for (const [seconds, price] of [
      [61, 20],
      [62, 19],
      [185, 6],
    ] as const)
      bars.take(tick(seconds, price));
    const live = { volume: undefined, state: 'open' } as const;
    expect(bars.bars.slice(1)).toEqual([barOf(1, [20, 20, 19, 19], live), flat(3, 6, live)]);
  });

  it('make all the bars while none are stored, and begin the next daily bar where the last one ends', () => {
    const bars = series();
    bars.take(tick(61, 20));
    expect(bars.bars).toMatchObject([{ start: noon + minuteMs, open: 20 }]);
    const dayMs = 86_400_000;
    const days = series({ lengthMs: dayMs });
    const day = { ...flat(0), start: 3_600_000, end: dayMs };
    days.answer(whole(0), [day]);
    days.take({ time: day.end + 5, price: 2, heardAt: day.end });
    expect(days.bars[1]?.start).toBe(day.end);
  });

  it('wait until they are stored if they belong to an earlier bar', () => {
    const bars = series();
    bars.answer(whole(noon), [flat(-1), flat(0)]);
    bars.take(tick(-30, 99, 1));
    expect(bars.bars).toEqual([flat(-1), flat(0)]);
  });

  it('are kept while the answer may lack them, and dropped when it has them, or they do not count', () => {
    const bars = series();
    bars.answer(whole(noon), [flat(0)]);
    bars.take(tick(10, 15));
    bars.take(tick(18, 5));
    bars.answer(newest(noon + 20_000), [flat(0)]);
    expect(bars.bars).toMatchObject([{ high: 10, low: 5 }]);
    bars.answer(newest(noon + 21_000), [flat(0)]);
    expect(bars.bars).toEqual([flat(0)]);
  });

  it('begin no bar that is not stored within the grace: those trades do not count', () => {
    const bars = series({ graceMs: 10_000 });
    bars.take(tick(61, 20));
    bars.answer(newest(noon + 71_000), [flat(0)]);
    bars.answer(whole(noon + 71_000), [flat(0)]);
    expect(bars.bars).toHaveLength(2);
    bars.take(tick(75, 21));
    bars.answer(newest(noon + 71_001), [flat(0)]);
    expect(bars.bars).toHaveLength(1);
  });

  it('are bounded: 40 minutes, however many trades', () => {
    const bars = series();
    for (let seconds = 0; seconds < 6000; seconds++) for (const price of [1, 2]) bars.take(tick(seconds, price));
    expect(minutes(bars.bars).map(([minute]) => minute)).toEqual(Array.from({ length: 40 }, (_, place) => 60 + place));
  });
});

describe('history and trades', () => {
  const trades = fc.uniqueArray(
    fc.record({ ms: fc.integer({ min: -90_000, max: 239_999 }), price: fc.integer({ min: 1, max: 99 }) }),
    { maxLength: 40, selector: ({ ms }) => ms },
  );
  /** The bars of trades as the API would have them, by brute force. */
  const folded = (list: readonly { readonly ms: number; readonly price: number }[]): readonly Bar[] => {
    const sorted = list.toSorted((one, other) => one.ms - other.ms);
    return [-2, -1, 0, 1, 2, 3].flatMap((place) => {
      const prices = sorted.filter(({ ms }) => Math.floor(ms / minuteMs) === place).map(({ price }) => price);
      const [open, close] = [prices[0], prices.at(-1)];
      if (open === undefined || close === undefined) return [];
      return [barOf(place, [open, Math.max(...prices), Math.min(...prices), close])];
    });
  };
  const prices = (bars: readonly Bar[]) =>
    bars.map(({ start, open, high, low, close }) => [start, open, high, low, close]);

  it('give the same bars in any order, doubled and late, and those of all trades', () => {
    const all = trades.chain((list) =>
      fc.record({
        list: fc.constant(list),
        cut: fc.integer({ min: -1, max: 4 }),
        order: fc.shuffledSubarray([...list.keys(), ...list.keys()], { minLength: list.length * 2 }),
        answerAt: fc.nat(list.length * 2),
      }),
    );
    fc.assert(
      fc.property(all, ({ list, cut, order, answerAt }) => {
        // The API has whole bars up to `cut`, the feed has shown everything.
        const stored = folded(list.filter(({ ms }) => ms < cut * minuteMs));
        const bars = series({ most: 10 });
        for (const [turn, place] of [...order, undefined].entries()) {
          const trade = place === undefined ? undefined : list[place];
          if (turn === answerAt) bars.answer(whole(noon, 10), stored);
          if (trade) bars.take({ time: noon + trade.ms, price: trade.price, heardAt: noon });
        }
        expect(prices(bars.bars)).toEqual(prices(folded(list)));
        // Once the API has all of them, its bars are left.
        bars.answer(whole(noon + 10_000, 10), folded(list));
        expect(bars.bars).toEqual(folded(list));
      }),
    );
  });

  it('never make an invalid bar: low <= open, close <= high, in order and one per start', () => {
    const part = fc.tuple(trades, fc.array(fc.integer({ min: -2, max: 3 }), { maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const bars = series();
        for (const [turn, [list, places]] of parts.entries()) {
          for (const { ms, price } of list) bars.take({ time: noon + ms, price, heardAt: noon + turn * 2000 });
          bars.answer(
            bars.query(noon + turn * 2000),
            [...new Set(places)].sort((a, b) => a - b).map((place) => flat(place, 50)),
          );
          const starts = bars.bars.map(({ start }) => start);
          expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
          for (const { open, high, low, close } of bars.bars)
            expect([low <= Math.min(open, close), high >= Math.max(open, close)]).toEqual([true, true]);
        }
      }),
    );
  });
});
