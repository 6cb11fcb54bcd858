import type { Row } from '../../../kit/row.ts';
import { durationMs } from '../../../kit/units.ts';
import { exact, plainText, product } from './exact.ts';
import { type Hours, hoursIn, isWithin } from './hours.ts';
import type { Piece } from './trades.ts';

interface Options {
  readonly every: readonly string[];
  readonly store?: readonly string[];
  readonly by: string;
  readonly price: string;
  readonly volume: string;
  readonly time: string;
  readonly received: string;
  readonly calendar: string;
  readonly session: 'regular' | 'extended' | 'all';
  readonly close_after: string;
  readonly lateness?: string;
}

/** A trade, as far as its bar goes. */
interface Trade {
  readonly time: number;
  readonly price: number | string;
  readonly volume: number | string;
  readonly received: number;
  readonly isLast: boolean;
  readonly isRange: boolean;
  readonly isVolume: boolean;
}

interface Bar {
  readonly key: string;
  readonly symbol: unknown;
  readonly interval: string;
  readonly start: number;
  readonly end: number;
  readonly trades: Trade[];
}

const dayMs = 86_400_000;
const units = [
  ['d', dayMs],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** Why the bars of these options can't be checked here; undefined when they can. */
export function whyNoBars(options: unknown): string | undefined {
  return (options as Options).lateness === undefined ? undefined : 'bars with a lateness are not checked';
}

/** The rows that `candles` makes of trades: all trades of a bar are sorted by time, and looked at together. */
export class Bars {
  readonly #options: Options;
  readonly #intervals: readonly (readonly [name: string, ms: number])[];
  readonly #hours: Hours;
  readonly #bars = new Map<string, Bar>();

  constructor(given: unknown) {
    const options = given as Options;
    const shortest = [...options.every].sort((one, other) => durationMs(one) - durationMs(other)).slice(0, 1);
    this.#options = options;
    this.#intervals = (options.store ?? shortest).map(durationMs).map((ms) => [nameOf(ms), ms]);
    this.#hours = hoursIn(options.calendar);
  }

  take({ fields }: Piece): void {
    const { by, price, volume, time, received, session } = this.#options;
    const { counts_price, counts_range, counts_volume } = fields;
    const trade: Trade = {
      time: Number(fields[time]),
      price: fields[price] as number | string,
      volume: fields[volume] as number | string,
      received: Number(fields[received] ?? Number.NaN),
      isLast: counts_price !== false,
      isRange: counts_range !== false,
      isVolume: counts_volume !== false,
    };
    if (!(trade.isLast || trade.isRange || trade.isVolume)) return;
    if (!isWithin(this.#hours.kindAt(trade.time), session)) return;
    for (const [name, ms] of this.#intervals) this.#barOf(fields[by], trade.time, [name, ms]).trades.push(trade);
  }

  rows(): readonly Row[] {
    return [...this.#bars.values()].map((bar) => rowOf(bar, durationMs(this.#options.close_after)));
  }

  #barOf(symbol: unknown, time: number, [interval, lengthMs]: readonly [string, number]): Bar {
    const { start, end } = barAround(this.#hours, time, lengthMs);
    const key = `${String(symbol).replaceAll(/[\\|]/g, '\\$&')}|${interval}|${start}`;
    const bar = this.#bars.get(key) ?? { key, symbol, interval, start, end, trades: [] };
    this.#bars.set(key, bar);
    return bar;
  }
}

/** When the bar of a time begins and ends: bars are counted from the start of the market's day. */
export function barAround(
  hours: Hours,
  time: number,
  lengthMs: number,
): { readonly start: number; readonly end: number } {
  const day = hours.dayOf(time);
  if (lengthMs === dayMs) return day;
  const start = day.start + Math.floor((time - day.start) / lengthMs) * lengthMs;
  return { start, end: Math.min(start + lengthMs, day.end) };
}

/** The name of a length: in the largest unit that it is whole in. */
export function nameOf(ms: number): string {
  const [unit, size] = units.find(([, each]) => ms % each === 0) ?? ['s', 1000];
  return `${ms / size}${unit}`;
}

function rowOf({ key, symbol, interval, start, end, trades }: Bar, closeAfterMs: number): Row {
  // A stable sort: trades of the same time stay in the order of the log.
  const ordered = [...trades].sort((one, other) => one.time - other.time);
  const lasts = ordered.filter(({ isLast }) => isLast);
  const prices = ordered.filter(({ isRange }) => isRange).map(({ price }) => exact(price));
  const counted = ordered.filter(({ isVolume }) => isVolume);
  const weighed = counted.filter(({ isRange }) => isRange);
  const sum = (all: readonly bigint[]) => plainText(all.reduce((total, each) => total + each, 0n));
  const extreme = (isMore: (one: bigint, other: bigint) => boolean) =>
    prices.length === 0 ? null : plainText(prices.reduce((most, each) => (isMore(each, most) ? each : most)));
  const priceOf = (trade: Trade | undefined) => (trade ? plainText(exact(trade.price)) : null);
  return {
    ...{ key, symbol, interval, start },
    open: priceOf(lasts[0]),
    high: extreme((one, other) => one > other),
    low: extreme((one, other) => one < other),
    close: priceOf(lasts.at(-1)),
    volume: sum(counted.map(({ volume }) => exact(volume))),
    turnover: sum(weighed.map(({ price, volume }) => product(exact(price), exact(volume)))),
    counted_volume: sum(weighed.map(({ volume }) => exact(volume))),
    trades: counted.length,
    late_trades: ordered.filter(({ received }) => received > end + closeAfterMs).length,
    ...{ first_at: ordered[0]?.time, last_at: ordered.at(-1)?.time },
  };
}
