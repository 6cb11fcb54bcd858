import type { CandleRoute } from '../model/candle-route.ts';
import { changeText, dayAt } from '../model/day.ts';
import type { Decimals } from '../model/decimals.ts';
import { price, unknown } from '../model/format.ts';
import type { Quote } from '../model/market.ts';
import { BarReader } from './bar-reader.ts';
import type { Figure } from './figures.ts';

const dayInterval = '1d';
/** The current and the previous day. */
const days = 2;
const readEveryMs = 10_000;

/** The prices of the chosen symbol's day, from daily bars. */
export class DayWatch {
  readonly #reader: BarReader;
  readonly #decimals: Decimals;
  readonly #now: () => number;
  #symbol = '';

  private constructor(reader: BarReader, decimals: Decimals, now: () => number) {
    this.#reader = reader;
    this.#decimals = decimals;
    this.#now = now;
  }

  /** Undefined if the API has no daily bars. */
  static create(route: CandleRoute, decimals: Decimals, now: () => number): DayWatch | undefined {
    if (!route.intervals.includes(dayInterval)) return undefined;
    const reading = { interval: dayInterval, most: days, everyMs: readEveryMs, now, changed: () => {} };
    return new DayWatch(new BarReader(route, reading), decimals, now);
  }

  choose(symbol: string): void {
    this.#symbol = symbol;
    this.#reader.choose(symbol);
  }

  reload(): void {
    this.#reader.reload();
  }

  take(quote: Quote): void {
    if (!Number.isNaN(quote.time)) this.#reader.take(quote);
  }

  /** Change since the day's open and since the previous close; the day's high and low. */
  figures(quote: Quote | undefined): readonly Figure[] {
    const { bars } = this.#reader;
    const at = quote?.time ?? this.#now();
    const { open, high, low, previousClose } = dayAt(bars, at);
    for (const bar of bars) for (const value of [bar.open, bar.close]) this.#decimals.see(this.#symbol, value);
    const decimals = this.#decimals.of(this.#symbol);
    const last = quote?.price ?? bars.at(-1)?.close;
    const text = (value: number | undefined) => (value === undefined ? unknown : price(value, decimals));
    return [
      ['since open', changeText(open, last, decimals)],
      ['since prev. close', changeText(previousClose, last, decimals)],
      ['day high', text(high)],
      ['day low', text(low)],
    ];
  }
}
