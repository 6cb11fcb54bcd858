import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Tick, unsettled, withTick, withTicks } from '../../../page/model/live.ts';
import { bar, minute } from './bar.ts';

function tick(time: number, price: number, given: Partial<Tick> = {}): Tick {
  return { time, heardAt: time, price, high: price, low: price, ...given };
}

describe('the newest trades on top of stored bars', () => {
  it('update the last bar with their highest and lowest, and keep its stored figures', () => {
    const stored = [bar(0), bar(1, { state: 'open' })];
    const [first, last] = withTicks(stored, [tick(minute + 5, 13, { high: 14, low: 8 })], minute);
    expect(first).toBe(stored[0]);
    expect(last).toEqual({ ...stored[1], close: 13, high: 14, low: 8 });
  });

  it('begin bars after it, marked as live only, each at its time', () => {
    const bars = withTicks([bar(0)], [tick(minute, 5), tick(minute + 1, 7), tick(3 * minute + 9, 6)], minute);
    expect(bars.slice(1)).toMatchObject([
      { start: minute, end: 2 * minute, open: 5, high: 7, low: 5, close: 7, volume: undefined, state: 'open' },
      { start: 3 * minute, open: 6, close: 6 },
    ]);
  });

  it('change no earlier bar: such trades wait until they are stored', () => {
    const stored = [bar(0), bar(1)];
    expect(withTicks(stored, [tick(5, 99)], minute)).toEqual(stored);
  });

  it('make all the bars while none are stored', () => {
    expect(withTicks([], [tick(minute * 7 + 3, 2)], minute)).toMatchObject([{ start: 7 * minute, open: 2 }]);
    expect(withTicks([], [], minute)).toEqual([]);
  });

  it('begin the next daily bar where the last one ends', () => {
    const day = bar(0, { start: 3_600_000, end: 3_600_000 + 82_800_000 });
    expect(withTicks([day], [tick(day.end + 5, 2)], 86_400_000)[1]?.start).toBe(day.end);
  });

  it('are dropped when the bars that were read contain them, or they do not count for those', () => {
    const ticks = [tick(10, 1), tick(5000, 2), tick(minute + 10, 3)];
    expect(unsettled(ticks, [bar(0)], 4000)).toEqual(ticks.slice(1));
    expect(unsettled(ticks, [bar(0)], minute * 9)).toEqual(ticks.slice(2));
    expect(unsettled(ticks, [], minute * 9)).toEqual(ticks);
  });

  it('are bounded', () => {
    let ticks: readonly Tick[] = [];
    for (let time = 0; time < 3000; time++) ticks = withTick(ticks, tick(time, 1));
    expect([ticks.length, ticks.at(-1)?.time]).toEqual([2400, 2999]);
  });

  it('never make an invalid bar, whatever arrives: low <= open, close <= high, in order and without duplicates', () => {
    const any = fc.record({ time: fc.integer({ min: 0, max: 600_000 }), price: fc.integer({ min: 1, max: 99 }) });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 50 }), fc.boolean(), (list, isStored) => {
        const bars = withTicks(
          isStored ? [bar(2)] : [],
          list.map(({ time, price }) => tick(time, price)),
          minute,
        );
        const starts = bars.map(({ start }) => start);
        expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
        for (const { open, high, low, close } of bars) {
          expect(low).toBeLessThanOrEqual(Math.min(open, close));
          expect(high).toBeGreaterThanOrEqual(Math.max(open, close));
        }
      }),
    );
  });
});
