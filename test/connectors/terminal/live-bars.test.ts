import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LiveBars } from '../../../connectors/terminal/live-bars.ts';
import { barOf, noon } from '../../support/cli/dashboard.ts';

const minuteMs = 60_000;
const line = (seconds: number, price: number) => ({ time: noon + seconds * 1000, price });

/** The bars after these feed lines; the API returned one bar, of noon, for a request at `askedAt`. */
function after(lines: readonly (readonly [seconds: number, price: number])[], askedAt = noon) {
  const live = new LiveBars(minuteMs);
  for (const [seconds, price] of lines) live.take(line(seconds, price), noon, noon + seconds * 1000);
  return live.over([barOf(-1, [9, 9, 9, 9]), barOf(0, [10, 12, 8, 11])], askedAt);
}

describe('feed lines applied to bars', () => {
  it('update the last bar: highest, lowest, and the last by its time', () => {
    const [before, last] = after([
      [50, 13],
      [40, 7],
    ]);
    expect(before).toEqual(barOf(-1, [9, 9, 9, 9]));
    expect(last).toEqual(barOf(0, [10, 13, 7, 13]));
  });

  it('begin the next bar, whose volume is unknown', () => {
    expect(
      after([
        [61, 20],
        [62, 19],
      ]).at(-1),
    ).toEqual(barOf(1, [20, 20, 19, 19], { volume: undefined, isComplete: false }));
  });

  it('begin no bar that the API does not have 10 s later: those trades do not count', () => {
    expect(after([[61, 20]], noon + 71_000)).toHaveLength(3);
    expect(after([[61, 20]], noon + 71_001)).toHaveLength(2);
  });

  it('do not change older bars, or an empty list', () => {
    expect(after([[-30, 99]])).toEqual(after([]));
    expect(new LiveBars(minuteMs).over([], noon)).toEqual([]);
  });

  it('give the fold of all lines of a bar, in any order', () => {
    const lines = fc.array(fc.tuple(fc.integer({ min: 0, max: 119 }), fc.integer({ min: 1, max: 99 })), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(lines, (seen) => {
        const bars = after(seen);
        for (const [place, start] of [0, 60].entries()) {
          const own = seen.filter(([seconds]) => seconds >= start && seconds < start + 60);
          const prices = own.map(([, price]) => price);
          const newest = Math.max(...own.map(([seconds]) => seconds));
          const close = own.findLast(([seconds]) => seconds === newest)?.[1];
          const bar = bars[place + 1];
          if (own.length === 0) expect(bar).toEqual(place === 0 ? barOf(0, [10, 12, 8, 11]) : undefined);
          else {
            const api = place === 0 ? [12, 8] : [];
            expect([bar?.high, bar?.low, bar?.close]).toEqual([
              Math.max(...prices, ...api),
              Math.min(...prices, ...api),
              close,
            ]);
          }
        }
      }),
    );
  });
});
