import type { CandleRoute } from '../model/candle-route.ts';
import type { Decimals } from '../model/decimals.ts';
import { price, rateFigure, toVwap, unknown } from '../model/format.ts';
import { distance, type Quotes, rateAt } from '../model/market.ts';
import { regularSession, remembered } from '../model/sessions.ts';
import { fetchCalendar } from './api.ts';
import { CandlePanel } from './candle-panel.ts';
import { DayWatch } from './day-watch.ts';
import { byId, setText, withCode } from './dom.ts';
import { showFigures } from './figures.ts';
import { IntervalButtons, line } from './intervals.ts';
import { LinePanel, PointMemory } from './line-panel.ts';
import type { ChartPanel, PanelContext } from './panel.ts';
import { noTrades, showPrice } from './symbols.ts';

/** The chosen symbol: last price, figures of the day, and the chart. */
export class PriceCard {
  readonly #context: PanelContext;
  readonly #empty = byId('chart-empty');
  readonly #points = new PointMemory();
  readonly #intervals = new IntervalButtons((interval) => void this.#show(interval));
  #route: CandleRoute | undefined;
  #day: DayWatch | undefined;
  #panel: ChartPanel | undefined;
  #symbol: string | undefined;
  #window: number | undefined;
  #calendar: string | undefined;
  #isRegular: (unixMs: number) => boolean = () => true;
  /** When several panels are created at the same time, the last one is used. */
  #turn = 0;

  /** `now` is the server's clock, Unix ms. */
  constructor(decimals: Decimals, now: () => number) {
    this.#context = { container: byId('chart'), decimals, now, say: (text) => this.#say(text) };
  }

  /** Begins with candles if there is a route for them, otherwise with the line of the last minutes. */
  async start(route: CandleRoute | undefined): Promise<void> {
    this.#route = route;
    const { decimals, now } = this.#context;
    if (route) this.#day = DayWatch.create(route, decimals, now);
    if (this.#symbol !== undefined) this.#day?.choose(this.#symbol);
    await this.#show(this.#intervals.start(route?.intervals ?? []));
  }

  applyTheme(): void {
    this.#panel?.applyTheme();
  }

  choose(symbol: string): void {
    this.#symbol = symbol;
    setText(byId('quote-symbol'), symbol);
    this.#points.choose(symbol);
    this.#day?.choose(symbol);
    this.#panel?.choose(symbol);
  }

  /** The number of trades in the feed's VWAP. */
  setWindow(window: number | undefined): void {
    this.#window = window;
    if (this.#panel instanceof LinePanel) this.#panel.setWindow(window);
  }

  /** The calendar of the bars: the time outside of its regular session is shaded. */
  setCalendar(name: string | undefined): void {
    if (name === this.#calendar) return;
    this.#calendar = name;
    if (name !== undefined) void this.#readCalendar(name);
  }

  async #readCalendar(name: string): Promise<void> {
    try {
      byId('legend-session').hidden = name === 'always';
      this.#isRegular = remembered(regularSession(await fetchCalendar(name)));
      if (this.#panel instanceof CandlePanel) this.#panel.shade(this.#isRegular);
    } catch {
      // The bars are correct without shading, too.
    }
  }

  /** Reloads stored data after a lost connection. */
  reload(): void {
    this.#panel?.reload();
    this.#day?.reload();
  }

  /** Stores the prices of this event, and draws those of the chosen symbol. */
  take(quotes: Quotes, symbols: readonly string[]): void {
    this.#points.take(quotes, symbols);
    const quote = this.#symbol === undefined ? undefined : quotes.get(this.#symbol);
    if (!quote || !symbols.includes(quote.symbol)) return;
    this.#day?.take(quote);
    this.#panel?.take(quote);
  }

  /** `at` is the server's clock, Unix ms; undefined while there is no connection. */
  showQuote(quotes: Quotes, at: number | undefined): void {
    const quote = this.#symbol === undefined ? undefined : quotes.get(this.#symbol);
    const decimals = this.#context.decimals.of(this.#symbol ?? '');
    showPrice(byId('quote-price'), quote, decimals);
    showFigures(byId('quote-figures'), [
      ...(this.#day?.figures(quote) ?? []),
      ['VWAP', quote?.vwap === undefined ? unknown : price(quote.vwap, decimals)],
      ['to VWAP', toVwap(quote && distance(quote))],
      // The list of symbols shows it, too.
      ...(this.#day ? [] : [['trades/s', rateFigure(quote && rateAt(quote, at))] as const]),
    ]);
    this.#panel?.describe(quote && price(quote.price, decimals));
  }

  async #show(interval: string): Promise<void> {
    const turn = ++this.#turn;
    this.#panel?.end();
    this.#panel = undefined;
    byId('price').dataset['chart'] = interval === line ? 'line' : 'candles';
    const route = this.#route;
    try {
      const panel =
        interval === line || !route
          ? await LinePanel.create(this.#context, this.#points)
          : await CandlePanel.create(this.#context, { route, interval });
      if (turn !== this.#turn) return panel.end();
      this.#panel = panel;
      this.setWindow(this.#window);
      if (panel instanceof CandlePanel) panel.shade(this.#isRegular);
      if (this.#symbol === undefined) this.#say(noTrades);
      else panel.choose(this.#symbol);
    } catch {
      this.#say('The chart could not be loaded: reload the page.');
    }
  }

  #say(text: string | undefined): void {
    this.#empty.hidden = text === undefined;
    if (text !== undefined) withCode(this.#empty, text === 'no trades' ? noTrades : text);
  }
}
