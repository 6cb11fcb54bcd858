import { errorText } from '../../src/errors.ts';
import type { Clock } from '../../src/kit/clock.ts';
import { widerDecimals } from '../../src/kit/price-text.ts';
import { durationMs } from '../../src/kit/units.ts';
import type { AskBars } from './bar-request.ts';
import { type Bar, mergedBars } from './bars.ts';
import { LiveBars } from './live-bars.ts';
import type { Trade } from './trade.ts';

/** The bars that a chart needs: the newest `count`. */
export interface WantedBars {
  /** As the feed writes it. */
  readonly symbol: string;
  readonly interval: string;
  readonly count: number;
}

/** The known bars of one symbol in one interval. */
export interface BarSeries {
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
/** Interval at which the newest bars are requested again, ms. */
const refreshMs = 5000;
/**
 * Interval at which all bars are requested again, to get corrections of older ones: at least `wholeMs`, and for long
 * bars a fraction of their length.
 */
const wholeMs = 60_000;
const wholePart = 60;
const newest = 3;
/** Interval at which the daily bars are requested again, ms; the feed updates them in between. */
const daysMs = 30_000;
const dayName = '1d';
const most = 500;

interface BarFeedOptions {
  readonly clock: Clock;
  readonly ask: AskBars;
  /** The intervals that the API has. */
  readonly intervals: readonly string[];
  onChange(): void;
}

/** Bars from the API, and the feed lines since they were requested. */
interface Known {
  bars: readonly Bar[];
  askedAt: number;
  live: LiveBars;
  /** The feed lines since the request that is in progress; its answer makes them `live`. */
  next: LiveBars | undefined;
}

/**
 * Polls the bars of the symbol that is shown, as long as candles are shown: one request at a time, the newest bars
 * every five seconds and all of them once a minute. In between, feed lines update the last bar. Never fails.
 */
export class BarFeed {
  readonly #options: BarFeedOptions;
  #wanted: WantedBars | undefined;
  #bars: Known | undefined;
  #days: Known | undefined;
  #decimals = 0;
  #problem: string | undefined;
  #askedFor = 0;
  #wholeAt = Number.NEGATIVE_INFINITY;
  #daysAt = Number.NEGATIVE_INFINITY;
  #stop: AbortController | undefined;

  constructor(options: BarFeedOptions) {
    this.#options = options;
  }

  /** The known bars of the wanted series; undefined when no bars are wanted. */
  get series(): BarSeries | undefined {
    if (!this.#wanted) return undefined;
    const { symbol, interval } = this.#wanted;
    const days = this.#days ?? (interval === dayName ? this.#bars : undefined);
    return {
      ...{ symbol, interval, decimals: this.#decimals, problem: this.#problem },
      bars: this.#bars && over(this.#bars),
      days: days ? over(days).slice(-2) : [],
    };
  }

  /** Polls these bars from now on, or none if undefined. */
  want(wanted: WantedBars | undefined): void {
    const before = this.#wanted;
    const isSame = wanted?.symbol === before?.symbol && wanted?.interval === before?.interval;
    if (isSame && (!wanted || (this.#stop && wanted.count <= this.#askedFor))) return;
    this.pause();
    if (!isSame) this.#forget();
    this.#wanted = wanted;
    if (!wanted) return;
    this.#askedFor = Math.min(most, Math.max(newest, wanted.count));
    this.#wholeAt = Number.NEGATIVE_INFINITY;
    this.#stop = new AbortController();
    void this.#follow(wanted, this.#stop.signal);
  }

  /** Stops polling, and keeps the known bars. */
  pause(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  /** Adds a feed line to the bars. @param seenAt Unix ms of this machine */
  take({ feedSymbol, price, time }: Trade, seenAt: number): void {
    if (feedSymbol !== this.#wanted?.symbol) return;
    for (const known of [this.#bars, this.#days]) {
      const anchor = known?.bars.at(-1)?.start;
      if (!known || anchor === undefined) continue;
      for (const live of [known.live, known.next]) live?.take({ price, time: time ?? seenAt }, anchor, seenAt);
    }
  }

  #forget(): void {
    this.#bars = undefined;
    this.#days = undefined;
    this.#problem = undefined;
    this.#decimals = 0;
    this.#daysAt = Number.NEGATIVE_INFINITY;
  }

  // ---- polling --------------------------------------------------------------------------------------------------

  async #follow(wanted: WantedBars, signal: AbortSignal): Promise<void> {
    const { clock, onChange } = this.#options;
    await clock.sleep(settleMs, signal);
    while (!signal.aborted) {
      try {
        await this.#askBars(wanted, signal);
        await this.#askDays(wanted, signal);
        if (!signal.aborted) this.#problem = undefined;
      } catch (error) {
        if (signal.aborted) return;
        this.#problem = errorText(error);
        this.#wholeAt = Number.NEGATIVE_INFINITY;
      }
      if (signal.aborted) return;
      onChange();
      await clock.sleep(refreshMs, signal);
    }
  }

  async #askBars({ symbol, interval }: Pick<WantedBars, 'symbol' | 'interval'>, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const lengthMs = durationMs(interval);
    const now = clock.monotonic();
    const isWhole = !this.#bars || now >= this.#wholeAt + Math.max(wholeMs, lengthMs / wholePart);
    const limit = isWhole ? this.#askedFor : newest;
    const known = await this.#ask(this.#bars, { symbol, interval, limit }, signal);
    if (signal.aborted) return;
    const before = isWhole ? undefined : this.#bars?.bars;
    const [first] = known.bars;
    if (before && known.bars.length === limit && !before.some(({ start }) => start === first?.start)) {
      // No overlap: bars are missing between the known ones and these.
      this.#bars = undefined;
      return this.#askBars({ symbol, interval }, signal);
    }
    if (isWhole) this.#wholeAt = now;
    this.#bars = before ? { ...known, bars: mergedBars(before, known.bars, this.#askedFor) } : known;
    for (const { open, high, low, close } of known.bars)
      for (const price of [open, high, low, close]) this.#decimals = widerDecimals(this.#decimals, price);
  }

  async #askDays({ symbol, interval }: WantedBars, signal: AbortSignal): Promise<void> {
    const now = this.#options.clock.monotonic();
    if (interval === dayName || !this.#options.intervals.includes(dayName) || now < this.#daysAt + daysMs) return;
    const known = await this.#ask(this.#days, { symbol, interval: dayName, limit: 2 }, signal);
    if (signal.aborted) return;
    this.#days = known;
    this.#daysAt = now;
  }

  async #ask(before: Known | undefined, question: Parameters<AskBars>[0], signal: AbortSignal): Promise<Known> {
    const askedAt = this.#options.clock.now();
    const next = new LiveBars(durationMs(question.interval));
    if (before) before.next = next;
    const bars = await this.#options.ask(question, signal);
    return { bars, askedAt, live: next, next: undefined };
  }
}

function over({ bars, askedAt, live }: Known): readonly Bar[] {
  return live.over(bars, askedAt);
}
