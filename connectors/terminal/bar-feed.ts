import { errorText } from '../../src/errors.ts';
import type { Bar } from '../../src/kit/bar.ts';
import { BarSeries } from '../../src/kit/bar-series.ts';
import type { Clock } from '../../src/kit/clock.ts';
import { widerDecimals } from '../../src/kit/price-text.ts';
import { durationMs } from '../../src/kit/units.ts';
import type { AskBars } from './bar-request.ts';
import type { Trade } from './trade.ts';

/** The bars that a chart needs: the newest `count`. */
export interface WantedBars {
  /** As the feed writes it. */
  readonly symbol: string;
  readonly interval: string;
  readonly count: number;
}

/** The known bars of one symbol in one interval. */
export interface ShownBars {
  readonly symbol: string;
  readonly interval: string;
  /** Oldest first; undefined before the first answer. */
  readonly bars: readonly Bar[] | undefined;
  /** The last two daily bars, oldest first. */
  readonly days: readonly Bar[];
  /** The most decimals of its prices. */
  readonly decimals: number;
  /** Why the last request failed; one line. */
  readonly problem: string | undefined;
}

/** Debounces changes of symbol, interval and size, ms. */
const settleMs = 120;
/** Interval at which bars are requested, ms. */
const refreshMs = 5000;
/** Interval at which the daily bars are requested again, ms; the feed updates them in between. */
const daysMs = 30_000;
const dayName = '1d';
const most = 500;
/** If the API has no bar for a trade this long after the feed has shown it, the trade does not count, ms. */
const graceMs = 10_000;

interface BarFeedOptions {
  readonly clock: Clock;
  readonly ask: AskBars;
  /** The intervals that the API has. */
  readonly intervals: readonly string[];
  onChange(): void;
}

/** The bars of the wanted symbol in one interval. */
interface Known {
  readonly symbol: string;
  readonly interval: string;
  readonly series: BarSeries;
}

/**
 * Polls the bars of the symbol that is shown, as long as candles are shown: one request at a time, every five seconds.
 * In between, feed lines update the last bar. Never fails.
 */
export class BarFeed {
  readonly #options: BarFeedOptions;
  #wanted: WantedBars | undefined;
  #bars: Known | undefined;
  #days: Known | undefined;
  #decimals = 0;
  #problem: string | undefined;
  #askedFor = 0;
  #daysAt = Number.NEGATIVE_INFINITY;
  #stop: AbortController | undefined;

  constructor(options: BarFeedOptions) {
    this.#options = options;
  }

  /** The known bars of the wanted series; undefined when no bars are wanted. */
  get shown(): ShownBars | undefined {
    if (!this.#wanted) return undefined;
    const { symbol, interval } = this.#wanted;
    return {
      ...{ symbol, interval, decimals: this.#decimals, problem: this.#problem },
      bars: readOf(this.#bars),
      days: readOf(interval === dayName ? this.#bars : this.#days)?.slice(-2) ?? [],
    };
  }

  /** Polls these bars from now on, or none if undefined. */
  want(wanted: WantedBars | undefined): void {
    const before = this.#wanted;
    const isSame = wanted?.symbol === before?.symbol && wanted?.interval === before?.interval;
    if (isSame && (!wanted || (this.#stop && wanted.count <= this.#askedFor))) return;
    this.pause();
    this.#wanted = wanted;
    if (!isSame) this.#forget();
    if (!wanted || !this.#bars) return;
    this.#askedFor = Math.min(most, wanted.count);
    this.#bars.series.resize(this.#askedFor);
    this.#stop = new AbortController();
    void this.#follow(this.#bars, this.#stop.signal);
  }

  /** Stops polling, and keeps the known bars. */
  pause(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  /** Adds a feed line to the bars. @param seenAt Unix ms of this machine */
  take({ feedSymbol, price, time }: Trade, seenAt: number): void {
    if (feedSymbol !== this.#wanted?.symbol) return;
    for (const known of [this.#bars, this.#days]) known?.series.take({ price, time: time ?? seenAt, heardAt: seenAt });
  }

  #forget(): void {
    const [wanted, { intervals }] = [this.#wanted, this.#options];
    const needsDays = wanted && wanted.interval !== dayName && intervals.includes(dayName);
    this.#bars = wanted && known(wanted, most);
    this.#days = needsDays ? known({ ...wanted, interval: dayName }, 2) : undefined;
    this.#problem = undefined;
    this.#decimals = 0;
    this.#daysAt = Number.NEGATIVE_INFINITY;
  }

  // ---- polling --------------------------------------------------------------------------------------------------

  async #follow(bars: Known, signal: AbortSignal): Promise<void> {
    const { clock, onChange } = this.#options;
    await clock.sleep(settleMs, signal);
    while (!signal.aborted) {
      try {
        for (const { open, high, low, close } of await this.#ask(bars, signal))
          for (const price of [open, high, low, close]) this.#decimals = widerDecimals(this.#decimals, price);
        await this.#askDays(signal);
        if (!signal.aborted) this.#problem = undefined;
      } catch (error) {
        if (signal.aborted) return;
        this.#problem = errorText(error);
        bars.series.fail();
      }
      if (signal.aborted) return;
      onChange();
      await clock.sleep(refreshMs, signal);
    }
  }

  async #askDays(signal: AbortSignal): Promise<void> {
    const now = this.#options.clock.monotonic();
    if (!this.#days || now < this.#daysAt + daysMs) return;
    await this.#ask(this.#days, signal);
    if (!signal.aborted) this.#daysAt = now;
  }

  /** Requests the bars that are due. Returns them; none if the request was aborted. */
  async #ask({ symbol, interval, series }: Known, signal: AbortSignal): Promise<readonly Bar[]> {
    const query = series.query(this.#options.clock.now());
    const bars = await this.#options.ask({ symbol, interval, ...query }, signal);
    if (signal.aborted) return [];
    return series.answer(query, bars) ? bars : this.#ask({ symbol, interval, series }, signal);
  }
}

function known({ symbol, interval }: Omit<Known, 'series'>, count: number): Known {
  return { symbol, interval, series: new BarSeries({ lengthMs: durationMs(interval), most: count, graceMs }) };
}

function readOf(given: Known | undefined): readonly Bar[] | undefined {
  return given?.series.isRead ? given.series.bars : undefined;
}
