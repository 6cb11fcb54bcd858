import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCalendar } from '../../../operators/support/calendar-file.ts';

const at = (text: string) => Date.parse(text);
const hour = 3_600_000;

/** `2025-07-03 regular 13:30:00 17:00:00`, the times in UTC. */
function sessionAt(calendar: string, time: string): string {
  const { kind, start, end, day } = readCalendar(calendar).session(at(time));
  const clock = (ms: number) => new Date(ms).toISOString().slice(11, 19);
  return `${day.date} ${kind} ${clock(start)} ${clock(end)}`;
}

describe('the calendars XNYS and XNAS', () => {
  const fixture = readFileSync(join(import.meta.dirname, 'fixtures/xnys-2024-2027.csv'), 'utf8');
  const published = fixture.trim().split('\n').slice(1);

  it.each(['XNYS', 'XNAS'])('%s has the sessions of a public package, all days from 2024 to 2027', (name) => {
    const calendar = readCalendar(name);
    const sessions: string[] = [];
    for (let time = at('2024-01-01T16:00:00Z'); time < at('2028-01-01'); time += 24 * hour) {
      const { kind, start, end, day } = calendar.session(time);
      const text = (ms: number) => `${new Date(ms).toISOString().slice(0, 16)}Z`;
      if (kind === 'regular') sessions.push([day.date, text(start), text(end)].join(','));
    }
    expect(sessions).toEqual(published);
  });

  it.each([
    ['2025-03-07T14:29:59.999Z', '2025-03-07 pre 09:00:00 14:30:00'],
    ['2025-03-07T14:30:00Z', '2025-03-07 regular 14:30:00 21:00:00'],
    ['2025-03-10T13:29:59.999Z', '2025-03-10 pre 08:00:00 13:30:00'],
    ['2025-03-10T13:30:00Z', '2025-03-10 regular 13:30:00 20:00:00'],
    ['2025-10-31T19:59:59.999Z', '2025-10-31 regular 13:30:00 20:00:00'],
    ['2025-11-03T20:59:59.999Z', '2025-11-03 regular 14:30:00 21:00:00'],
    ['2025-11-03T21:00:00Z', '2025-11-03 post 21:00:00 01:00:00'],
    ['2025-11-04T01:00:00Z', '2025-11-03 closed 01:00:00 05:00:00'],
    ['2025-07-03T16:59:59.999Z', '2025-07-03 regular 13:30:00 17:00:00'],
    ['2025-07-03T17:00:00Z', '2025-07-03 post 17:00:00 21:00:00'],
    ['2025-07-03T21:00:00Z', '2025-07-03 closed 21:00:00 04:00:00'],
    ['2025-11-28T18:00:00Z', '2025-11-28 post 18:00:00 22:00:00'],
    ['2025-01-09T15:00:00Z', '2025-01-09 closed 05:00:00 05:00:00'],
    ['2025-07-05T15:00:00Z', '2025-07-05 closed 04:00:00 04:00:00'],
  ])('at %s: %s', (time, expected) => {
    expect(sessionAt('XNYS', time)).toBe(expected);
  });

  it('has days of 23 and 25 hours when the clocks change', () => {
    const days = ['2025-03-08', '2025-03-09', '2025-03-10', '2025-11-01', '2025-11-02', '2025-11-03'].map((date) => {
      const { day } = readCalendar('XNYS').session(at(`${date}T12:00:00Z`));
      return [day.date, new Date(day.start).toISOString(), (day.end - day.start) / hour];
    });
    expect(days).toEqual([
      ['2025-03-08', '2025-03-08T05:00:00.000Z', 24],
      ['2025-03-09', '2025-03-09T05:00:00.000Z', 23],
      ['2025-03-10', '2025-03-10T04:00:00.000Z', 24],
      ['2025-11-01', '2025-11-01T04:00:00.000Z', 24],
      ['2025-11-02', '2025-11-02T04:00:00.000Z', 25],
      ['2025-11-03', '2025-11-03T05:00:00.000Z', 24],
    ]);
  });

  it('refuses a time outside of its years', () => {
    const calendar = readCalendar('XNYS');
    expect(calendar.session(at('2024-01-01T05:00:00Z')).day.date).toBe('2024-01-01');
    expect(calendar.session(at('2028-01-01T04:59:59.999Z')).day.date).toBe('2027-12-31');
    for (const time of [at('2024-01-01T04:59:59.999Z'), at('2028-01-01T05:00:00Z'), at('1970-01-01'), 8.64e15, 1e300]) {
      expect(() => calendar.session(time)).toThrow(
        expect.objectContaining({
          code: 'FDP_MESSAGE_INVALID',
          message: expect.stringContaining('calendar XNYS has the years 2024 to 2027, got a time of '),
        }),
      );
    }
  });
});

describe('the other calendars', () => {
  it.each([
    ['always', '2025-11-22T23:59:59.999Z', '2025-11-22 regular 00:00:00 00:00:00'],
    ['always', '1969-12-31T00:00:00Z', '1969-12-31 regular 00:00:00 00:00:00'],
    ['FX', '2025-11-23T21:59:59.999Z', '2025-11-23 closed 22:00:00 22:00:00'],
    ['FX', '2025-11-23T22:00:00Z', '2025-11-24 regular 22:00:00 22:00:00'],
    ['FX', '2025-11-24T22:00:00Z', '2025-11-25 regular 22:00:00 22:00:00'],
    ['FX', '2025-11-28T21:59:59.999Z', '2025-11-28 regular 22:00:00 22:00:00'],
    ['FX', '2025-11-28T22:00:00Z', '2025-11-29 closed 22:00:00 22:00:00'],
    ['FX', '2025-07-01T20:59:59.999Z', '2025-07-01 regular 21:00:00 21:00:00'],
  ])('%s at %s: %s', (name, time, expected) => {
    expect(sessionAt(name, time)).toBe(expected);
  });

  it.each(readdirSync('calendars').map((file) => file.replace('.yml', '')))(
    'every instant of %s lies in one session of one day, whatever was asked before',
    (name) => {
      const instant = fc.integer({ min: at('2024-01-02'), max: at('2027-12-31') });
      fc.assert(
        fc.property(fc.array(instant, { minLength: 2, maxLength: 5 }), (times) => {
          const asked = readCalendar(name);
          for (const time of times) {
            const session = asked.session(time);
            expect(session).toEqual(readCalendar(name).session(time));
            expect(session.start).toBeLessThanOrEqual(time);
            expect(session.end).toBeGreaterThan(time);
            expect(session.day.start).toBeLessThanOrEqual(session.start);
            expect(session.day.end).toBeGreaterThanOrEqual(session.end);
            const next = readCalendar(name).session(session.end);
            expect(next.start).toBe(session.end);
            expect(next.day.date >= session.day.date).toBe(true);
            expect([session.day.start, session.day.end]).toContain(next.day.start);
          }
        }),
        { numRuns: 12 },
      );
    },
  );
});

describe("a calendar of the user's own", () => {
  /** The calendar of a file with this text. */
  function written(yaml: string) {
    const path = join(mkdtempSync(join(tmpdir(), 'fdp-calendar-')), 'my.yml');
    writeFileSync(path, yaml);
    try {
      return readCalendar(path);
    } catch (error) {
      throw new Error((error as Error).message.replaceAll(path, 'my.yml'));
    } finally {
      rmSync(join(path, '..'), { recursive: true });
    }
  }

  const head = 'name: Mine\nsource: invented\n';

  it('begins a day after midnight where the clocks skip it, and once where they repeat it', () => {
    const cairo = written(`${head}zone: Africa/Cairo\nsessions: { friday: { open: "00:30", close: "12:00" } }`);
    const { day, kind, end } = cairo.session(at('2024-04-25T22:10:00Z'));
    expect(day).toEqual({ date: '2024-04-26', start: at('2024-04-25T22:00:00Z'), end: at('2024-04-26T21:00:00Z') });
    expect([kind, end]).toEqual(['closed', at('2024-04-25T22:30:00Z')]);
    const azores = written(`${head}zone: Atlantic/Azores\nsessions: { sunday: { open: "00:30", close: "12:00" } }`);
    const { day: long, start } = azores.session(at('2024-10-27T00:45:00Z'));
    expect([long.start, long.end - long.start, start]).toEqual([
      at('2024-10-27T00:00:00Z'),
      25 * hour,
      at('2024-10-27T00:30:00Z'),
    ]);
  });

  it.each([
    ['name: [', /^my\.yml:1: YAML: /],
    ['name: Mine', /^my\.yml:1: lacks "zone": Time zone .*; my\.yml:1: lacks "source": .*; .* lacks "sessions": /],
    [
      `${head}zone: Europe/Pari\nsessions:\n  monday: { open: "09:00", close: "17:30" }`,
      'my.yml:3: zone: there is no time zone "Europe/Pari"',
    ],
    [
      `${head}zone: Europe/Paris\nsessions:\n  monday:\n    open: 9:00\n    close: "17:30"`,
      'my.yml:6: sessions.monday.open: expected a local time such as "09:30", in quotes, got "9:00"',
    ],
    [
      `${head}zone: Europe/Paris\nsessions:\n  monday: { open: "17:30", close: "09:00" }\n  tuesday: { pre: "10:00", open: "09:00", close: "17:30", post: "17:00" }`,
      'my.yml:5: sessions.monday: open is not before close; my.yml:6: sessions.tuesday: pre is after open; my.yml:6: sessions.tuesday: close is after post',
    ],
    [
      `${head}zone: Europe/Paris\nsesions: {}\nsessions:\n  monday: { open: "09:00", close: "17:30" }`,
      'my.yml:4: sesions: unknown field (did you mean sessions?)',
    ],
    [
      `${head}zone: Europe/Paris\nsessions:\n  monday: { open: "09:00", close: "17:30" }\nholidays:\n  2025-12-25: Christmas Day`,
      'my.yml:1: years: must say from which year to which the holidays and early closes are complete; my.yml:7: holidays.2025-12-25: is a thursday, which is closed anyway',
    ],
    [
      `${head}zone: Europe/Paris\nyears: { from: 2025, to: 2025 }\nsessions:\n  thursday: { open: "09:00", close: "17:30" }\nholidays:\n  2025-02-30: none\n  2026-01-01: New Year's Day\n  25-12-25: Christmas Day`,
      'my.yml:10: holidays.25-12-25: expected a date such as 2025-07-03 as the name',
    ],
    [
      `${head}zone: Europe/Paris\nyears: { from: 2025, to: 2025 }\nsessions:\n  thursday: { open: "09:00", close: "17:30" }\nholidays:\n  2025-02-30: none\n  2026-01-01: New Year's Day\nearly_closes:\n  2025-07-03: { close: "18:00", name: late }`,
      'my.yml:8: holidays.2025-02-30: there is no such date; my.yml:9: holidays.2026-01-01: is outside the years 2025 to 2025; my.yml:11: early_closes.2025-07-03: closes at 18:00, which is not earlier than 17:30',
    ],
  ])('is refused with the line of each mistake: %#', (yaml, expected) => {
    expect(() => written(yaml)).toThrow(expected);
  });

  it('is refused when there is none', () => {
    expect(() => readCalendar('XNYX')).toThrow(
      'there is no calendar XNYX (did you mean XNYS?; one of your own is named by its path: ./XNYX.yml)',
    );
    expect(() => readCalendar('/nowhere/none.yml')).toThrow(/^the calendar can't be read: ENOENT/);
  });
});
