import type { Bar } from '../../src/kit/bar.ts';
import { BarSeries } from '../../src/kit/bar-series.ts';
import { barsUrl, type CandleRoute, intervalMs } from '../model/candle-route.ts';
import type { Quote } from '../model/market.ts';
import { ApiError, fetchBars } from './api.ts';
import { every } from './time.ts';

interface Reading {
  readonly interval: string;
  /** Maximum number of bars kept. */
  readonly most: number;
  /** Interval at which bars are polled, ms. */
  readonly everyMs: number;
  /** The server's clock, Unix ms. */
  readonly now: () => number;
  /** Called after bars were read, or the request failed. */
  readonly changed: (isWhole: boolean) => void;
}

/** The bars of a symbol: polled from the API while the page is visible, and updated with trades from the stream. */
export class BarReader {
  readonly #route: CandleRoute;
  readonly #reading: Reading;
  readonly #stop: () => void;
  #symbol: string | undefined;
  #series: BarSeries;
  #loading: AbortController | undefined;
  /** Why there are no bars; undefined while they can be read. */
  problem: string | undefined;

  constructor(route: CandleRoute, reading: Reading) {
    this.#route = route;
    this.#reading = reading;
    this.#series = this.#begin();
    this.#stop = every(reading.everyMs, () => {
      if (!this.#loading) void this.#load();
    });
  }

  /** The bars, updated with the newest trades, oldest first. */
  get bars(): readonly Bar[] {
    return this.#series.bars;
  }

  choose(symbol: string): void {
    this.#symbol = symbol;
    this.#series = this.#begin();
    this.reload();
  }

  /** Reads all bars again. */
  reload(): void {
    this.#loading?.abort();
    this.#series.fail();
    void this.#load();
  }

  take({ time, price, high, low }: Quote): void {
    this.#series.take({ time, price, high, low, heardAt: this.#reading.now() });
  }

  /** Stops reading. */
  end(): void {
    this.#symbol = undefined;
    this.#stop();
    this.#loading?.abort();
  }

  #begin(): BarSeries {
    const { interval, most } = this.#reading;
    return new BarSeries({ lengthMs: intervalMs(interval) ?? 0, most });
  }

  async #load(): Promise<void> {
    const [symbol, series] = [this.#symbol, this.#series];
    if (symbol === undefined) return;
    const loading = new AbortController();
    this.#loading = loading;
    const query = series.query(this.#reading.now());
    const url = barsUrl(this.#route, symbol, this.#reading.interval, query.limit);
    let isTorn = false;
    try {
      const bars = await fetchBars(url, query.askedAt, loading.signal);
      if (loading.signal.aborted) return;
      isTorn = !series.answer(query, bars);
      this.problem = undefined;
    } catch (error) {
      if (loading.signal.aborted) return;
      series.fail();
      this.problem = error instanceof ApiError ? error.message : 'they could not be shown';
    } finally {
      if (this.#loading === loading) this.#loading = undefined;
    }
    if (isTorn) await this.#load();
    else this.#reading.changed(query.isWhole);
  }
}
