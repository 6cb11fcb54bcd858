import { RecencyMap } from '../../src/kit/recency-map.ts';
import type { Decimals } from '../model/decimals.ts';
import { price, rateFigure, toVwap, unknown } from '../model/format.ts';
import { distance, type Quotes, rateAt } from '../model/market.ts';
import { maxPoints, merged, type Point, pointOfQuote, pointsOfTrades, withPoint } from '../model/points.ts';
import { fetchNewest } from './api.ts';
import { PriceChart } from './chart.ts';
import { byId, setText, withCode } from './dom.ts';
import { showFigures } from './figures.ts';
import { noTrades, showPrice } from './symbols.ts';

/** Trades asked for to begin the chart with: as many as the API gives at once. */
const historyTrades = 500;
/** Symbols of which live points are kept while another one is shown. */
const mostSymbols = 24;

/** The chosen symbol: its last price, and the chart. */
export class PriceCard {
  readonly #container = byId('chart');
  readonly #empty = byId('chart-empty');
  readonly #points = new RecencyMap<readonly Point[]>(mostSymbols);
  #chart: PriceChart | undefined;
  #symbol: string | undefined;
  #loading = new AbortController();
  #window: number | undefined;
  readonly #decimals: Decimals;
  readonly #now: () => number;

  /** `now` is the server's clock, Unix ms. */
  constructor(decimals: Decimals, now: () => number) {
    this.#decimals = decimals;
    this.#now = now;
  }

  async start(): Promise<void> {
    try {
      this.#chart = await PriceChart.create(this.#container);
      this.#redraw();
    } catch {
      this.#say('The chart could not be loaded: reload the page.');
    }
  }

  applyTheme(): void {
    this.#chart?.applyTheme();
  }

  /** Shows another symbol: what is known of it at once, what is stored of it as soon as it is there. */
  choose(symbol: string): void {
    this.#symbol = symbol;
    setText(byId('quote-symbol'), symbol);
    this.#redraw();
    void this.#load(symbol);
  }

  /** Of how many trades the feed's VWAP is made: from now on it is drawn for stored trades too. */
  setWindow(window: number | undefined): void {
    if (window === this.#window) return;
    this.#window = window;
    this.reload();
  }

  /** Reads the stored prices again: after the connection was away for a while. */
  reload(): void {
    if (this.#symbol !== undefined) void this.#load(this.#symbol);
  }

  /** Keeps the prices of this event, and draws those of the chosen symbol. */
  take(quotes: Quotes, symbols: readonly string[]): void {
    for (const symbol of symbols) {
      const quote = quotes.get(symbol);
      if (!quote || Number.isNaN(quote.time)) continue;
      this.#keep(symbol, withPoint(this.#points.get(symbol) ?? [], pointOfQuote(quote)));
      if (symbol !== this.#symbol) continue;
      this.#chart?.setDecimals(this.#decimals.of(symbol));
      this.#chart?.follow(this.#points.get(symbol) ?? []);
      this.#say(undefined);
    }
  }

  /** `at` is the server's clock, Unix ms; undefined while nothing is heard of it. */
  showQuote(quotes: Quotes, at: number | undefined): void {
    const quote = this.#symbol === undefined ? undefined : quotes.get(this.#symbol);
    const decimals = this.#decimals.of(this.#symbol ?? '');
    showPrice(byId('quote-price'), quote, decimals);
    showFigures(byId('quote-figures'), [
      ['VWAP', quote?.vwap === undefined ? unknown : price(quote.vwap, decimals)],
      ['to VWAP', toVwap(quote && distance(quote))],
      ['trades/s', rateFigure(quote && rateAt(quote, at))],
    ]);
    this.#container.setAttribute('aria-label', this.#description(quote && price(quote.price, decimals)));
  }

  #description(last: string | undefined): string {
    return `Price and VWAP of ${this.#symbol ?? 'no symbol'} over the last minutes${last ? `; last price ${last}` : ''}`;
  }

  async #load(symbol: string): Promise<void> {
    this.#loading.abort();
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    try {
      const now = this.#now();
      const { data, pagination } = await fetchNewest(symbol, { limit: historyTrades, now, signal });
      for (const trade of data) this.#decimals.see(symbol, Number(trade.price));
      const points = pointsOfTrades(data, { window: this.#window, isWhole: pagination.next === null, now });
      this.#keep(symbol, merged(points, this.#points.get(symbol) ?? []));
      if (symbol === this.#symbol) this.#redraw();
    } catch {
      // A chart of live prices alone is still one; the trades beside it say what is wrong.
    }
  }

  #keep(symbol: string, points: readonly Point[]): void {
    const shown = this.#symbol === undefined ? undefined : this.#points.get(this.#symbol);
    if (this.#symbol !== undefined && shown) this.#points.use(this.#symbol, shown);
    this.#points.use(symbol, points.slice(-maxPoints));
  }

  #redraw(): void {
    const points = (this.#symbol !== undefined && this.#points.get(this.#symbol)) || [];
    this.#chart?.setDecimals(this.#decimals.of(this.#symbol ?? ''));
    this.#chart?.reset(points);
    this.#chart?.fit();
    this.#say(points.length > 0 ? undefined : noTrades);
  }

  #say(text: string | undefined): void {
    this.#empty.hidden = text === undefined;
    if (text !== undefined) withCode(this.#empty, text);
  }
}
