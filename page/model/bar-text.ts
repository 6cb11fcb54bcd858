import type { Bar } from '../../src/kit/bar.ts';
import { ageText } from '../../src/kit/duration-text.ts';
import { compact, milliseconds, plural, price, unknown } from './format.ts';

const dayMs = 86_400_000;
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const precise = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const utcDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

/** Notes on a bar beside its figures: what is missing, and whether it was corrected. */
export function notesOf({ state, gapMs, lateTrades, volume }: Bar): readonly string[] {
  return [
    ...(gapMs > 0 ? [`incomplete: feed away for ${gapText(gapMs)}`] : []),
    ...(state === 'incomplete' && gapMs === 0 ? ['incomplete: not recorded from its start on'] : []),
    ...(lateTrades > 0 ? [`corrected by ${plural(lateTrades, 'late trade')}`] : []),
    ...(volume === undefined ? ['live, not stored yet'] : []),
  ];
}

function gapText(ms: number): string {
  return ms < 120_000 ? milliseconds(ms) : ageText(ms);
}

/** When a bar of `ms` begins, in local time: `26 Nov 14:03`. A daily bar has its date in the market. */
export function barTime(start: number, ms: number): string {
  // The middle of the bar has the same date in UTC, wherever the market is.
  if (ms >= dayMs) return utcDay.format(start + dayMs / 2);
  return `${day.format(start)} ${(ms < 60_000 ? precise : clock).format(start)}`;
}

/** As `barTime`, for the axis: the date only if it `isNewDay`. */
export function axisTime(start: number, ms: number, isNewDay: boolean): string {
  if (ms >= dayMs) return utcDay.format(start + dayMs / 2).replace(/ \d{4}$/, '');
  const text = (ms < 60_000 ? precise : clock).format(start);
  return isNewDay && text.startsWith('00:00') ? day.format(start) : text;
}

/** A volume in a few characters: `0.0123`, `812.5`, `12.3k`. */
export function volumeText(volume: number | undefined): string {
  if (volume === undefined || !Number.isFinite(volume)) return unknown;
  if (volume >= 1000) return compact(volume);
  return volume >= 1 || volume === 0 ? String(Number(volume.toFixed(2))) : String(Number(volume.toPrecision(3)));
}

/** The figures of a bar with their names. */
export function barFigures(bar: Bar, decimals: number): readonly (readonly [name: string, value: string])[] {
  return [
    ['open', price(bar.open, decimals)],
    ['high', price(bar.high, decimals)],
    ['low', price(bar.low, decimals)],
    ['close', price(bar.close, decimals)],
    ['volume', volumeText(bar.volume)],
    ['VWAP', bar.vwap === undefined ? unknown : price(bar.vwap, decimals)],
  ];
}

/** When a bar begins, and its number of trades: `26 Nov 14:03, 12 trades`. */
export function barHead({ start, trades }: Bar, ms: number): string {
  return [barTime(start, ms), ...(trades === undefined ? [] : [plural(trades, 'trade')])].join(', ');
}

/** A bar in one sentence, for screen readers. */
export function spokenBar(bar: Bar, ms: number, decimals: number): string {
  const figures = barFigures(bar, decimals).map(([name, value]) => `${name} ${value === unknown ? 'unknown' : value}`);
  return [barHead(bar, ms), ...figures, ...notesOf(bar)].join(', ');
}
