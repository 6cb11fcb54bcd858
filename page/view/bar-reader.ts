import { type Bar, barsOf, intervalMs, isConnected, known, withBars } from '../model/bars.ts';
import { barsUrl, type CandleRoute } from '../model/candle-route.ts';
import { type Tick, unsettled, withTick, withTicks } from '../model/live.ts';
import { ApiError, fetchBars } from './api.ts';
import { every } from './time.ts';

interface Reading {
  readonly interval: string;
  /** Maximum number of bars kept. */
  readonly most: number;
  /** Interval at which the newest bars are polled, ms. */
  readonly everyMs: number;
  /** The server's clock, Unix ms. */
  readonly now: () => number;
  /** Called after bars were read, or the request failed. */
  readonly changed: (isWhole: boolean) => void;
}

/** Number of newest bars that every poll reads: late trades may change them. */
const fewBars = 3;
/** Every so many polls, all bars are read again, since older ones may have been corrected. */
const wholeEvery = 30;

/**
 * The bars of a symbol: the newest ones are polled from the API while the page is visible, and updated with trades from
 * the stream.
 */
export class BarReader {
  readonly #route: CandleRoute;
  readonly #reading: Reading;
  readonly #stop: () => void;
  #symbol: string | undefined;
  #bars: readonly Bar[] = [];
  #ticks: readonly Tick[] = [];
  #loading: AbortController | undefined;
  #turn = 0;
  /** Why there are no bars; undefined while they can be read. */
  problem: string | undefined;

  constructor(route: CandleRoute, reading: Reading) {
    this.#route = route;
    this.#reading = reading;
    this.#stop = every(reading.everyMs, () => {
      if (!this.#loading) void this.#load(++this.#turn % wholeEvery === 0 || this.#bars.length === 0);
    });
  }

  /** The bars, updated with the newest trades, oldest first. */
  get bars(): readonly Bar[] {
    return withTicks(this.#bars, this.#ticks, intervalMs(this.#reading.interval) ?? 0);
  }

  choose(symbol: string): void {
    this.#symbol = symbol;
    this.#bars = [];
    this.#ticks = [];
    this.reload();
  }

  /** Reads all bars again. */
  reload(): void {
    this.#loading?.abort();
    void this.#load(true);
  }

  take(tick: Tick): void {
    this.#ticks = withTick(this.#ticks, tick);
  }

  /** Stops reading. */
  end(): void {
    this.#symbol = undefined;
    this.#stop();
    this.#loading?.abort();
  }

  async #load(isWhole: boolean): Promise<void> {
    const symbol = this.#symbol;
    if (symbol === undefined) return;
    const loading = new AbortController();
    this.#loading = loading;
    const { interval, most, now } = this.#reading;
    const askedAt = now();
    const limit = Math.min(most, isWhole ? most : fewBars);
    let isTorn = false;
    try {
      const rows = await fetchBars(barsUrl(this.#route, symbol, interval, limit), loading.signal);
      if (loading.signal.aborted) return;
      const bars = barsOf(rows, askedAt);
      isTorn = !isWhole && bars.length > 0 && !isConnected(this.#bars, bars);
      this.problem = undefined;
      if (!isTorn) {
        this.#bars = isWhole ? known(this.#bars, bars) : withBars(this.#bars, bars, most);
        this.#ticks = unsettled(this.#ticks, this.#bars, askedAt);
      }
    } catch (error) {
      if (loading.signal.aborted) return;
      this.problem = error instanceof ApiError ? error.message : 'they could not be shown';
    } finally {
      if (this.#loading === loading) this.#loading = undefined;
    }
    if (isTorn) await this.#load(true);
    else this.#reading.changed(isWhole);
  }
}
