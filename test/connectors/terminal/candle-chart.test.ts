import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ShownBars } from '../../../connectors/terminal/bar-feed.ts';
import { barsIn, candleChart } from '../../../connectors/terminal/candle-chart.ts';
import type { Bar } from '../../../src/kit/bar.ts';
import { barOf, noon, textOf } from '../../support/cli/dashboard.ts';

const shown = { symbol: 'A', price: 11, decimals: 2, now: noon };
const size = { width: 40, height: 14 };

function draw(bars: readonly Bar[], { more = {}, quote = {}, width = size.width, height = size.height } = {}) {
  const series: ShownBars = {
    ...{ symbol: 'A', interval: '1m', bars, days: [], decimals: 2, problem: undefined },
    ...more,
  };
  return candleChart(series, { ...shown, ...quote }, { width, height });
}
const textOfBars = (...[bars, options]: Parameters<typeof draw>) =>
  textOf({ lines: draw(bars, options) ?? [] }).map((line) => line.trimEnd());

const rose = barOf(-3, [10, 14, 10, 12]);
const fell = barOf(-2, [12, 12, 8, 10]);
const flat = barOf(-1, [10, 12, 9, 10]);
const underWay = barOf(0, [10, 11, 10, 11], { state: 'open' });

describe('candles', () => {
  it('are hollow when rising, filled when falling, and a dash when neither', () => {
    expect(textOfBars([rose, fell, flat, underWay])).toEqual([
      'A  1m  11.00',
      '14.00 ┤                          │',
      '      │                          │',
      '      │                          │',
      '      │                          ║ █ │',
      '11.00 ┤                          ║ █ │ ╥',
      '      │                          ║ █ ┼ ║',
      '      │                            │ │',
      '      │                            │ ╵',
      ' 8.00 ┤                            │',
      '      ├─────────────────────────────────',
      '  100 ┤                          █ █ █ █',
      '      │                          █ █ █ █',
      '                                     now',
    ]);
  });

  it('differ in colour as well as in shape: green and red', () => {
    const spans = (draw([rose, fell]) ?? []).slice(1, 10).flat();
    const colourOf = (sign: string) => spans.find(({ text }) => text.includes(sign))?.style.colour;
    expect([colourOf('║'), colourOf('█')]).toEqual(['green', 'red']);
  });

  it('are drawn over their volumes, the highest as high as there is room, with a dot for an unknown volume', () => {
    const volumes = [12_500, 6250, 1, 0].map((volume, place) => barOf(place - 4, [10, 11, 9, 10], { volume }));
    const text = textOfBars([...volumes, barOf(0, [10, 11, 9, 10], { volume: undefined })]);
    expect(text.slice(-3, -1)).toEqual([
      '12.5k ┤                        █',
      '      │                        █ █ ▁   ·',
    ]);
  });

  it('mark incomplete and corrected bars, and explain the marks', () => {
    const gap = { ...rose, gapMs: 12_000 };
    const corrected = { ...fell, lateTrades: 1 };
    const lines = textOfBars([gap, corrected, underWay]);
    expect(lines[0]).toBe('A  1m  ! feed away 12 s  * corrected');
    expect(lines[10]).toBe('      ├────────────────────────────!─*──');
    expect(textOfBars([{ ...rose, state: 'incomplete' }])[0]).toBe('A  1m  ! incomplete  11.00');
    // A bar that has not ended is incomplete only if the feed was disconnected.
    expect(textOfBars([{ ...underWay, gapMs: 3000 }])[0]).toBe('A  1m  ! feed away 3 s  11.00');
    expect(textOfBars([rose, underWay])[0]).toBe('A  1m  11.00');
  });

  it("show the day's change and range if there is room: since the previous day, or since the open", () => {
    const days = [barOf(-2880, [9, 9, 9, 10]), barOf(-1440, [10.5, 14, 8, 11])];
    const title = (given: readonly Bar[], width: number) => textOfBars([rose], { more: { days: given }, width })[0];
    expect(title(days, 40)).toBe('A  1m  11.00  +10.00 % on the day');
    expect(title(days, 60)).toBe('A  1m  11.00  +10.00 % on the day  day 8.00 - 14.00');
    expect(title(days, 100)).toContain('day 8.00 - 14.00  O 10.00 H 14.00 L 10.00 C 12.00');
    expect(title(days.slice(1), 60)).toBe('A  1m  11.00  +4.76 % since open  day 8.00 - 14.00');
    expect(title([], 60)).toBe('A  1m  11.00  O 10.00 H 14.00 L 10.00 C 12.00');
  });

  it.each([
    [1.08653, 5, '1.08653'],
    [1e-9, 9, '0.000000001'],
    [700_000, 2, '700000.00'],
  ])('write %d with the decimals of its instrument, on the axis too', (price, decimals, text) => {
    const bar = barOf(-1, [price, price * 2, price, price]);
    const lines = textOfBars([bar], { quote: { price, decimals }, width: 60 });
    expect(lines[0]).toContain(`  ${text}`);
    expect(lines[9]).toMatch(new RegExp(`^ *${text.replace('.', '\\.')}0* ┤`));
  });

  it('have times below: the time for minutes, the date where a day begins, and only dates for daily bars', () => {
    const local = new Date(2026, 0, 5, 0, 3).getTime();
    const bars = Array.from({ length: 16 }, (_, place) => {
      const start = local - (15 - place) * 60_000;
      return { ...rose, start, end: start + 60_000 };
    });
    expect(
      textOfBars(bars, { quote: { now: local + 90_000 } })
        .at(-1)
        ?.trim(),
    ).toBe('01-04   23:55   23:59   00:03');
    const nextDay = bars.map((bar) => ({ ...bar, start: bar.start + 240_000, end: bar.end + 240_000 }));
    expect(textOfBars(nextDay, { quote: { now: local } }).at(-1)).toMatch(/23:59 {3}01-05 {5}now$/);
    // A day begins at 5:00 UTC in New York, and at 15:00 UTC of the previous day in Tokyo.
    for (const [start, date] of [
      [Date.UTC(2026, 0, 5, 5), '01-05'],
      [Date.UTC(2026, 0, 4, 15), '01-05'],
    ] as const) {
      const day = { ...rose, start, end: start + 86_400_000 };
      expect(textOfBars([day], { more: { interval: '1d' }, quote: { now: start + 1e9 } }).at(-1)).toContain(date);
    }
  });

  it('are as many as fit, and never more than were requested', () => {
    const bars = Array.from({ length: 300 }, (_, place) => barOf(place - 299, [10, 11, 9, place % 2 ? 11 : 9]));
    for (const [width, height] of [
      [44, 12],
      [70, 24],
      [88, 33],
      [138, 53],
    ] as const) {
      const lines = draw(bars, { width, height }) ?? [];
      expect(lines).toHaveLength(height);
      for (const line of textOf({ lines })) expect(line).toHaveLength(width);
      const [volumes = ''] = textOf({ lines }).slice(-2);
      const count = volumes.match(/█/g)?.length ?? 0;
      expect([count >= Math.floor((width - 9) / 2), count <= barsIn({ width, height })]).toEqual([true, true]);
    }
    expect(draw(bars, { width: 19 })).toBeUndefined();
    expect(draw(bars, { height: 4 })).toBeUndefined();
    expect(draw([])).toBeUndefined();
  });

  it('are drawn within their area, whatever the prices', () => {
    const price = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.constantFrom(0, 1e300, 1e-9, 1.08653),
    );
    const bar = fc.record({
      prices: fc.array(price, { minLength: 4, maxLength: 4 }),
      volume: fc.option(price),
      gap: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(bar, { maxLength: 80 }), fc.nat(160), fc.nat(60), price, (made, width, height, last) => {
        const bars = made.map(({ prices, volume, gap }, place) => {
          const [open = 0, close = 0] = prices;
          const all = [open, Math.max(...prices), Math.min(...prices), close] as const;
          return barOf(place - 40, all, {
            volume: volume ?? undefined,
            gapMs: gap,
            state: place % 3 === 0 ? 'complete' : 'incomplete',
          });
        });
        const lines = draw(bars, { quote: { price: last }, width, height });
        if (!lines) return;
        expect(lines).toHaveLength(height);
        for (const line of textOf({ lines })) expect(line).toHaveLength(width);
      }),
      { numRuns: 300 },
    );
  });
});
