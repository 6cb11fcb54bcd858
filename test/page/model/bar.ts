import type { Bar } from '../../../src/kit/bar.ts';

export const minute = 60_000;

/** A stored bar that starts at the given minute. */
export function bar(minutes: number, given: Partial<Bar> = {}): Bar {
  const start = minutes * minute;
  return {
    ...{ start, end: start + minute, open: 10, high: 12, low: 9, close: 11, volume: 5, vwap: 10.5, trades: 4 },
    ...{ lateTrades: 0, gapMs: 0, state: 'complete' },
    ...given,
  };
}
