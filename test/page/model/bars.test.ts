import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { axisTime, barFigures, barTime, notesOf, spokenBar, volumeText } from '../../../page/model/bar-text.ts';
import { changeText, dayAt } from '../../../page/model/day.ts';
import { firstChange, slotsOf } from '../../../page/model/slots.ts';
import type { Bar } from '../../../src/kit/bar.ts';
import { bar, minute } from './bar.ts';

describe('the text of a bar', () => {
  it('names what is missing, and that it was corrected', () => {
    expect(notesOf(bar(0))).toEqual([]);
    expect(notesOf(bar(0, { gapMs: 12_000, state: 'incomplete' }))).toEqual(['incomplete: feed away for 12 s']);
    expect(notesOf(bar(0, { gapMs: 400_000 }))).toEqual(['incomplete: feed away for 6 min']);
    expect(notesOf(bar(0, { state: 'incomplete' }))[0]).toContain('incomplete');
    expect(notesOf(bar(0, { lateTrades: 1 }))).toEqual(['corrected by 1 late trade']);
    expect(notesOf(bar(0, { lateTrades: 2, gapMs: 1 }))).toHaveLength(2);
    expect(notesOf(bar(0, { volume: undefined, state: 'open' }))).toEqual(['live, not stored yet']);
  });

  it('has the decimals of its instrument, and volumes of every size', () => {
    const coin = barFigures(bar(0, { open: 1e-9, close: 1.25e-9 }), 11).map(([, text]) => text);
    expect([coin[0], coin[3]]).toEqual(['0.00000000100', '0.00000000125']);
    expect([0, 0.01234, 12.5, 1234.5, 12_345, 1e7, undefined].map(volumeText)).toEqual([
      '0',
      '0.0123',
      '12.5',
      '1235',
      '12.3k',
      '10.0M',
      '–',
    ]);
  });

  it('is one sentence for screen readers', () => {
    const text = spokenBar(bar(0, { gapMs: 12_000, vwap: undefined }), minute, 2);
    expect(text).toContain('open 10.00, high 12.00, low 9.00, close 11.00, volume 5, VWAP unknown');
    expect(text).toMatch(/incomplete: feed away for 12 s$/);
  });

  it('names a daily bar by the date in its market, wherever that is', () => {
    for (const start of ['2026-01-05T05:00Z', '2026-01-04T22:00Z', '2026-01-05T00:00Z', '2026-01-04T15:00Z'])
      expect(barTime(Date.parse(start), 86_400_000)).toBe('5 Jan 2026');
    expect(axisTime(Date.parse('2026-01-05T00:00Z'), 86_400_000, false)).toBe('5 Jan');
  });
});

describe('the figures of a day', () => {
  const day = 86_400_000;
  const days = [
    bar(0, { start: 0, end: day, close: 8 }),
    bar(0, { start: day, end: 2 * day, open: 10, high: 12, low: 9 }),
  ];

  it('are the open, highest and lowest of today, and the close of the previous day', () => {
    expect(dayAt(days, day + 1)).toEqual({ open: 10, high: 12, low: 9, previousClose: 8 });
    expect(dayAt(days, 2 * day + 1)).toEqual({ open: undefined, high: undefined, low: undefined, previousClose: 11 });
    expect(dayAt(days.slice(1), day)).toMatchObject({ open: 10, previousClose: undefined });
    expect(dayAt([], 0).open).toBeUndefined();
  });

  it('are written with a sign, as amount and percentage', () => {
    expect(changeText(200, 201.24, 2)).toBe('+1.24 (+0.62 %)');
    expect(changeText(1.08653, 1.0862, 5)).toBe('−0.00033 (−0.03 %)');
    expect(changeText(100, 100, 2)).toBe('0.00 (0.00 %)');
    expect(changeText(1e-9, 1.1e-9, 11)).toBe('+0.00000000010 (+10.00 %)');
    expect(changeText(0, 5, 2)).toBe('+5.00');
    expect(changeText(-2, -3, 2)).toBe('−1.00');
    expect(changeText(undefined, 5, 2)).toBe('–');
  });
});

describe('the slots of the chart', () => {
  const places = (bars: readonly Bar[], ms = minute) =>
    slotsOf(bars, ms).map(({ time, bar: held, without }) => `${time / ms}${held ? '' : ` ${without ?? 'empty'}`}`);

  it('continue where no trade was made, and are hatched where the feed was disconnected', () => {
    expect(places([bar(0), bar(1), bar(4)])).toEqual(['0', '1', '2 empty', '3 empty', '4']);
    expect(places([bar(0, { gapMs: 9 }), bar(3, { gapMs: 9 })])).toEqual(['0', '1 gap', '2 gap', '3']);
  });

  it('have one slot for a night, and none between days', () => {
    expect(places([bar(0), bar(1000)])).toEqual(['0', '1 break', '1000']);
    expect(places([bar(0, { gapMs: 1 }), bar(1000, { gapMs: 1 })])).toEqual(['0', '1 gap', '1000']);
    const days = [0, 3].map((day) => bar(0, { start: day * 86_400_000, end: (day + 1) * 86_400_000 }));
    expect(places(days, 86_400_000)).toEqual(['0', '3']);
  });

  it('are in order of time, one each, and never more than their limit, whatever the bars', () => {
    const minutes = fc.uniqueArray(fc.integer({ min: 0, max: 50_000 }), { maxLength: 300 });
    fc.assert(
      fc.property(minutes, fc.boolean(), (list, isGap) => {
        const bars = list.toSorted((a, b) => a - b).map((each) => bar(each, isGap ? { gapMs: 1 } : {}));
        const times = slotsOf(bars, minute).map(({ time }) => time);
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
        expect(times.length).toBeLessThanOrEqual(2000);
        expect(times.at(-1)).toBe(bars.at(-1)?.start);
      }),
      { numRuns: 60 },
    );
  });

  it('report the first slot that has changed', () => {
    const slots = slotsOf([bar(0), bar(1)], minute);
    expect(firstChange(slots, slots)).toBe(2);
    expect(firstChange(slots, slots.slice(0, 1))).toBe(1);
    expect(firstChange(slots, [...slots.slice(0, 1), { time: minute, bar: bar(1) }])).toBe(1);
  });
});
