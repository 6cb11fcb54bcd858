import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readCalendar } from '../../../operators/support/calendar-file.ts';
import { type CalendarData, regularSession } from '../../../page/model/sessions.ts';

function isRegular(name: string): (unixMs: number) => boolean {
  return regularSession(parse(readFileSync(join('calendars', `${name}.yml`), 'utf8')) as CalendarData);
}

describe('the regular session on the page', () => {
  it.each(['XNYS', 'XNAS', 'FX', 'always'])('is that of the calendar: %s', (name) => {
    const [calendar, regular] = [readCalendar(name), isRegular(name)];
    const [from, to] = ['2024-01-03', '2027-12-28'].map((date) => Date.parse(date) / 60_000);
    fc.assert(
      fc.property(fc.integer({ min: from ?? 0, max: to ?? 0 }), (minute) => {
        const time = minute * 60_000;
        expect([time, regular(time)]).toEqual([time, calendar.session(time).kind === 'regular']);
      }),
      { numRuns: 3000 },
    );
  });

  it('knows holidays, early closes and days when clocks change', () => {
    const regular = isRegular('XNYS');
    const at = (text: string) => regular(Date.parse(text));
    expect([at('2025-07-03T16:59Z'), at('2025-07-03T17:00Z'), at('2025-07-04T15:00Z')]).toEqual([true, false, false]);
    expect([at('2025-03-07T14:29Z'), at('2025-03-07T14:30Z'), at('2025-03-10T13:30Z')]).toEqual([false, true, true]);
  });
});
