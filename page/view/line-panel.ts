import { RecencyMap } from '../../src/kit/recency-map.ts';
import type { Decimals } from '../model/decimals.ts';
import type { Quotes } from '../model/market.ts';
import { maxPoints, merged, type Point, pointOfQuote, pointsOfTrades, withPoint } from '../model/points.ts';
import { fetchNewest } from './api.ts';
import { PriceChart } from './chart.ts';
import type { ChartPanel, PanelContext } from './panel.ts';

/** Number of trades that the chart begins with: as many as one response has. */
const historyTrades = 500;
/** Number of symbols whose live points are kept. */
const mostSymbols = 24;

/** The points of each symbol, kept while another symbol or another chart is shown. */
export class PointMemory {
  readonly #points = new RecencyMap<readonly Point[]>(mostSymbols);
  #shown: string | undefined;

  of(symbol: string): readonly Point[] {
    return this.#points.get(symbol) ?? [];
  }

  /** The points of the chosen symbol are not evicted. */
  choose(symbol: string): void {
    this.#shown = symbol;
  }

  take(quotes: Quotes, symbols: readonly string[]): void {
    for (const symbol of symbols) {
      const quote = quotes.get(symbol);
      if (quote && !Number.isNaN(quote.time)) this.keep(symbol, withPoint(this.of(symbol), pointOfQuote(quote)));
    }
  }

  keep(symbol: string, points: readonly Point[]): void {
    const shown = this.#shown === undefined ? undefined : this.#points.get(this.#shown);
    if (this.#shown !== undefined && shown) this.#points.use(this.#shown, shown);
    this.#points.use(symbol, points.slice(-maxPoints));
  }
}

/** The last minutes of a symbol as a line, trade by trade. */
export class LinePanel implements ChartPanel {
  readonly #chart: PriceChart;
  readonly #context: PanelContext;
  readonly #points: PointMemory;
  readonly #decimals: Decimals;
  #symbol: string | undefined;
  #loading = new AbortController();
  #window: number | undefined;

  private constructor(chart: PriceChart, context: PanelContext, points: PointMemory) {
    this.#chart = chart;
    this.#context = context;
    this.#points = points;
    this.#decimals = context.decimals;
    const { container } = context;
    container.setAttribute('role', 'img');
    for (const name of ['tabindex', 'aria-valuemin', 'aria-valuemax', 'aria-valuenow', 'aria-valuetext'])
      container.removeAttribute(name);
  }

  /** Fails when the library can't be loaded. */
  static async create(context: PanelContext, points: PointMemory): Promise<LinePanel> {
    return new LinePanel(await PriceChart.create(context.container), context, points);
  }

  choose(symbol: string): void {
    this.#symbol = symbol;
    this.#redraw();
    void this.#load(symbol);
  }

  /** The number of trades in the feed's VWAP; with it, the VWAP of stored trades is drawn too. */
  setWindow(window: number | undefined): void {
    if (window === this.#window) return;
    this.#window = window;
    this.reload();
  }

  reload(): void {
    if (this.#symbol !== undefined) void this.#load(this.#symbol);
  }

  take(): void {
    const symbol = this.#symbol;
    if (symbol === undefined) return;
    const points = this.#points.of(symbol);
    this.#chart.setDecimals(this.#decimals.of(symbol));
    this.#chart.follow(points);
    this.#context.say(points.length > 0 ? undefined : 'no trades');
  }

  describe(last: string | undefined): void {
    this.#context.container.setAttribute(
      'aria-label',
      `Price and VWAP of ${this.#symbol ?? 'no symbol'} over the last minutes${last ? `; last price ${last}` : ''}`,
    );
  }

  applyTheme(): void {
    this.#chart.applyTheme();
  }

  end(): void {
    this.#loading.abort();
    this.#chart.remove();
  }

  async #load(symbol: string): Promise<void> {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    try {
      const now = this.#context.now();
      const { data, pagination } = await fetchNewest(symbol, { limit: historyTrades, now, signal });
      for (const trade of data) this.#decimals.see(symbol, Number(trade.price));
      const points = pointsOfTrades(data, { window: this.#window, isWhole: pagination.next === null, now });
      this.#points.keep(symbol, merged(points, this.#points.of(symbol)));
      if (symbol === this.#symbol && !signal.aborted) this.#redraw();
    } catch {
      // The chart still shows live prices; the list of trades beside it shows the error.
    }
  }

  #redraw(): void {
    const points = this.#symbol === undefined ? [] : this.#points.of(this.#symbol);
    this.#chart.setDecimals(this.#decimals.of(this.#symbol ?? ''));
    this.#chart.reset(points);
    this.#chart.fit();
    this.#context.say(points.length > 0 ? undefined : 'no trades');
  }
}
