import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCalendar } from '../../../operators/support/calendar-file.ts';
import { hoursIn } from '../../../src/cli/simulate/oracle/hours.ts';

const minuteMs = 60_000;
/** From 2025-01-02 to 2026-12-30. */
const minute = fc.integer({ min: Date.UTC(2025, 0, 2) / minuteMs, max: Date.UTC(2026, 11, 30) / minuteMs });
/** Minutes around the days on which clocks change in New York. */
const changing = [Date.UTC(2025, 2, 9), Date.UTC(2025, 10, 2), Date.UTC(2026, 2, 8)].map((day) => day / minuteMs);
/** Between an early close and the usual one in New York, and on a holiday. */
const shortened = [Date.UTC(2025, 10, 28, 19), Date.UTC(2025, 10, 27, 19)].map((time) => time / minuteMs);
const around = fc.tuple(fc.constantFrom(...changing), fc.integer({ min: -2880, max: 2880 })).map(([at, by]) => at + by);

describe('the hours of the oracle', () => {
  it.each(['XNYS', 'FX', 'always'])('are those of the calendar %s, which are computed in another way', (name) => {
    const [hours, calendar] = [hoursIn(name), readCalendar(name)];
    fc.assert(
      fc.property(fc.oneof(minute, around), fc.nat(minuteMs - 1), (at, ms) => {
        const time = at * minuteMs + ms;
        const { kind, day } = calendar.session(time);
        expect({ kind: hours.kindAt(time), ...hours.dayOf(time) }).toEqual({ kind, start: day.start, end: day.end });
      }),
      { examples: [...changing, ...shortened].map((at) => [at, 0]) },
    );
  });
});
