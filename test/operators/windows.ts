import fc from 'fast-check';
import type { WindowRule } from '../../operators/support/window.ts';
import { exact } from './exact.ts';

export interface Arrival {
  readonly time: number;
  readonly value: number;
  readonly weight: number;
  readonly isAnchor: boolean;
}

/** What a window must hold after the last of these arrivals, in order: by the definition, from all that ever came. */
export function heldBy(rule: WindowRule, arrivals: readonly Arrival[]): readonly Arrival[] {
  const newest = Math.max(...arrivals.map(({ time }) => time));
  switch (rule.by) {
    case 'count':
      return dated(arrivals).slice(-rule.count);
    case 'time': {
      // One that was too late when it came stays out; the newest time never falls, so it would be out now as well.
      const held = arrivals.filter(({ time }) => time > newest - rule.ms);
      return held.sort((a, b) => a.time - b.time);
    }
    case 'weight': {
      const all = dated(arrivals);
      let from = all.length - 1;
      const reaches = (start: number) =>
        all.slice(start).reduce((sum, { weight }) => sum + exact(weight), 0n) >= exact(rule.weight);
      while (from > 0 && !reaches(from)) from--;
      return all.slice(from);
    }
    case 'session': {
      const start = (time: number) => rule.calendar.session(time).start;
      const held = arrivals.filter(({ time }) => start(time) === start(newest));
      return dated(held);
    }
    case 'anchor': {
      let anchor: number | undefined;
      let held: Arrival[] = [];
      for (const arrival of arrivals) {
        if (arrival.isAnchor && (anchor === undefined || arrival.time >= anchor)) {
          anchor = arrival.time;
          held = [arrival];
        } else if (anchor !== undefined && arrival.time >= anchor) held.push(arrival);
      }
      return dated(held);
    }
  }
}

/** Late ones get the newest time before them. */
function dated(arrivals: readonly Arrival[]): Arrival[] {
  let newest = Number.NEGATIVE_INFINITY;
  return arrivals.map((arrival) => {
    newest = Math.max(newest, arrival.time);
    return { ...arrival, time: newest };
  });
}

/** Times that mostly grow, with equal ones, late ones and pauses. */
export function arrivals(value: fc.Arbitrary<number>, maxLength = 60): fc.Arbitrary<readonly Arrival[]> {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }) },
    { weight: 2, arbitrary: fc.integer({ min: -12, max: -1 }) },
    { weight: 1, arbitrary: fc.integer({ min: 4, max: 60 }) },
  );
  const weight = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constantFrom(0, 1e9, 1e-9, 0.1));
  return fc
    .array(fc.tuple(step, value, weight, fc.integer({ min: 0, max: 9 })), { minLength: 1, maxLength })
    .map((all) => {
      let time = 1_764_000_000_000;
      return all.map(([by, each, heavy, chance]) => {
        const late = by < 0;
        if (!late) time += by;
        return { time: late ? time + by : time, value: each, weight: heavy, isAnchor: chance === 0 };
      });
    });
}
