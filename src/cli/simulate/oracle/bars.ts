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
  readonly counts: Counts;
}

/** What a trade counts for. */
interface Counts {
  readonly isLast: boolean;
  readonly isRange: boolean;
  readonly isVolume: boolean;
}

const allCounts: Counts = { isLast: true, isRange: true, isVolume: true };

/** The trades of a bar in the order of the log, a list for each part: as objects, those of a day would take three times the memory. */
class Trades {
  readonly #times: number[] = [];
  readonly #prices: Trade['price'][] = [];
  readonly #volumes: Trade['volume'][] = [];
  readonly #received: number[] = [];
  readonly #counts: Counts[] = [];

  add({ time, price, volume, received, counts }: Trade): void {
    this.#times.push(time);
    this.#prices.push(price);
    this.#volumes.push(volume);
    this.#received.push(received);
    this.#counts.push(counts);
  }

  get all(): readonly Trade[] {
    return this.#times.map((time, at) => ({
      time,
      price: this.#prices[at] as Trade['price'],
      volume: this.#volumes[at] as Trade['volume'],
      received: this.#received[at] as number,
      counts: this.#counts[at] as Counts,
    }));
  }
}

interface Bar {
  readonly key: string;
  readonly symbol: unknown;
  readonly interval: string;
  readonly start: number;
  readonly end: number;
  readonly trades: Trades;
}

/** A length of bars, and those of it by symbol and start. */
interface Interval {
  readonly name: string;
  readonly ms: number;
  readonly bars: Map<unknown, Map<number, Bar>>;
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
  readonly #intervals: readonly Interval[];
  readonly #hours: Hours;
  /** In the order of their first trades. */
  readonly #bars: Bar[] = [];

  constructor(given: unknown) {
    const options = given as Options;
    const shortest = [...options.every].sort((one, other) => durationMs(one) - durationMs(other)).slice(0, 1);
    this.#options = options;
    this.#intervals = (options.store ?? shortest)
      .map(durationMs)
      .map((ms) => ({ name: nameOf(ms), ms, bars: new Map() }));
    this.#hours = hoursIn(options.calendar);
  }

  take({ fields }: Piece): void {
    const { by, price, volume, time, received, session } = this.#options;
    const { counts_price, counts_range, counts_volume } = fields;
    const [isLast, isRange, isVolume] = [counts_price !== false, counts_range !== false, counts_volume !== false];
    if (!(isLast || isRange || isVolume)) return;
    const trade: Trade = {
      time: Number(fields[time]),
      price: fields[price] as Trade['price'],
      volume: fields[volume] as Trade['volume'],
      received: Number(fields[received] ?? Number.NaN),
      counts: isLast && isRange && isVolume ? allCounts : { isLast, isRange, isVolume },
    };
    if (!isWithin(this.#hours.kindAt(trade.time), session)) return;
    for (const interval of this.#intervals) this.#barOf(fields[by], trade.time, interval).trades.add(trade);
  }

  rows(): readonly Row[] {
    return this.#bars.map((bar) => rowOf(bar, durationMs(this.#options.close_after)));
  }

  #barOf(symbol: unknown, time: number, { name, ms, bars }: Interval): Bar {
    const { start, end } = barAround(this.#hours, time, ms);
    const own = bars.get(symbol) ?? new Map<number, Bar>();
    bars.set(symbol, own);
    const known = own.get(start);
    if (known) return known;
    const key = `${String(symbol).replaceAll(/[\\|]/g, '\\$&')}|${name}|${start}`;
    const bar = { key, symbol, interval: name, start, end, trades: new Trades() };
    own.set(start, bar);
    this.#bars.push(bar);
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
  const ordered = [...trades.all].sort((one, other) => one.time - other.time);
  const lasts = ordered.filter(({ counts }) => counts.isLast);
  const prices = ordered.filter(({ counts }) => counts.isRange).map(({ price }) => exact(price));
  const counted = ordered.filter(({ counts }) => counts.isVolume);
  const weighed = counted.filter(({ counts }) => counts.isRange);
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
