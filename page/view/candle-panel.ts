import type { Bar } from '../../src/kit/bar.ts';
import { barFigures, barHead, notesOf, spokenBar } from '../model/bar-text.ts';
import { type CandleRoute, intervalMs } from '../model/candle-route.ts';
import type { Quote } from '../model/market.ts';
import { type Slot, slotsOf } from '../model/slots.ts';
import { BarReader } from './bar-reader.ts';
import { CandleChart } from './candle-chart.ts';
import { byId, setAttribute, setText } from './dom.ts';
import { showFigures } from './figures.ts';
import type { ChartPanel, PanelContext } from './panel.ts';

/** Interval at which the newest bars are polled, ms. */
const readEveryMs = 2000;
/** Number of bars that Page Up and Page Down move by. */
const pageOfBars = 20;
const dayMs = 86_400_000;
const steps: Readonly<Record<string, number>> = {
  ...{ ArrowLeft: -1, ArrowRight: 1, PageUp: -pageOfBars, PageDown: pageOfBars },
  ...{ Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY },
};

/**
 * The chosen symbol as candles of one interval. Above them are the figures of the bar that the pointer or the keys
 * select; otherwise those of the newest bar.
 */
export class CandlePanel implements ChartPanel {
  readonly #chart: CandleChart;
  readonly #context: PanelContext;
  readonly #reader: BarReader;
  readonly #interval: string;
  readonly #ms: number;
  readonly #listening = new AbortController();
  #symbol = '';
  #slots: readonly Slot[] = [];
  /** Start of the selected bar, Unix ms. */
  #pointed: number | undefined;
  #isFresh = true;
  #isRegular: (unixMs: number) => boolean = () => true;

  private constructor(
    chart: CandleChart,
    context: PanelContext,
    { route, interval }: { readonly route: CandleRoute; readonly interval: string },
  ) {
    this.#chart = chart;
    this.#context = context;
    this.#interval = interval;
    this.#ms = intervalMs(interval) ?? 0;
    this.#reader = new BarReader(route, {
      ...{ interval, most: route.most, everyMs: readEveryMs, now: context.now },
      changed: (isWhole) => this.#read(isWhole),
    });
    this.#listen();
  }

  /** Fails when the library can't be loaded. */
  static async create(
    context: PanelContext,
    given: { readonly route: CandleRoute; readonly interval: string },
  ): Promise<CandlePanel> {
    let panel: CandlePanel | undefined;
    const chart = await CandleChart.create(context.container, (slot) => panel?.inspect(slot));
    panel = new CandlePanel(chart, context, given);
    return panel;
  }

  choose(symbol: string): void {
    this.#symbol = symbol;
    this.#pointed = undefined;
    this.#isFresh = true;
    this.#draw();
    this.#reader.choose(symbol);
  }

  reload(): void {
    this.#reader.reload();
  }

  take(quote: Quote): void {
    if (Number.isNaN(quote.time)) return;
    this.#reader.take(quote);
    this.#draw();
  }

  describe(last: string | undefined): void {
    setAttribute(
      this.#context.container,
      'aria-label',
      `Bars of ${this.#interval} of ${this.#symbol || 'no symbol'}${last ? `; last price ${last}` : ''}`,
    );
  }

  applyTheme(): void {
    this.#chart.applyTheme();
  }

  /** Shades the time outside of the regular session. */
  shade(isRegular: (unixMs: number) => boolean): void {
    this.#isRegular = isRegular;
    this.#mark();
  }

  /** Shows the figures of a slot's bar; if undefined, of the newest bar. */
  inspect(slot: Slot | undefined): void {
    this.#pointed = slot?.bar?.start;
    this.#tell();
  }

  end(): void {
    this.#listening.abort();
    this.#reader.end();
    this.#chart.remove();
  }

  #read(isWhole: boolean): void {
    for (const { close, open } of this.#reader.bars.slice(-50))
      for (const price of [open, close]) this.#context.decimals.see(this.#symbol, price);
    this.#draw();
    if (isWhole) this.#isFresh = false;
  }

  #draw(): void {
    const { bars, problem } = this.#reader;
    this.#slots = slotsOf(bars, this.#ms);
    this.#chart.setDecimals(this.#context.decimals.of(this.#symbol));
    if (this.#isFresh) this.#chart.reset(this.#slots, this.#ms);
    else this.#chart.follow(this.#slots);
    this.#mark();
    this.#context.say(this.#missing(bars, problem));
    this.#tell();
  }

  #mark(): void {
    // An hourly bar may begin before the session that most of it belongs to.
    const middle = this.#ms / 2;
    const isLong = this.#ms >= dayMs;
    this.#chart.mark(({ time }) => !isLong && !this.#isRegular(time + middle));
  }

  #missing(bars: readonly Bar[], problem: string | undefined): string | undefined {
    if (problem !== undefined) return `The bars could not be read: ${problem}.`;
    return bars.length > 0 || this.#isFresh
      ? undefined
      : `No bar of ${this.#symbol} yet: start \`fdp --topology candles\`.`;
  }

  /** The selected bar, or the newest. */
  #shown(): { readonly bar: Bar; readonly place: number } | undefined {
    const pointed = this.#slots.findLastIndex(({ bar }) => bar !== undefined && bar.start === this.#pointed);
    const place = pointed < 0 ? this.#slots.length - 1 : pointed;
    const bar = this.#slots[place]?.bar;
    return bar && { bar, place };
  }

  #tell(): void {
    const shown = this.#shown();
    const decimals = this.#context.decimals.of(this.#symbol);
    setText(byId('bar-time'), shown ? barHead(shown.bar, this.#ms) : '');
    showFigures(byId('bar-figures'), shown ? barFigures(shown.bar, decimals) : []);
    setText(byId('bar-notes'), shown ? notesOf(shown.bar).join('; ') : '');
    const { container } = this.#context;
    setAttribute(container, 'aria-valuemax', Math.max(1, this.#slots.length));
    setAttribute(container, 'aria-valuenow', (shown?.place ?? 0) + 1);
    // The newest bar changes with each trade: it is not announced again each time.
    const isSpoken = this.#pointed !== undefined || !container.matches(':focus');
    if (isSpoken)
      setAttribute(container, 'aria-valuetext', shown ? spokenBar(shown.bar, this.#ms, decimals) : 'no bars');
  }

  #listen(): void {
    const { container } = this.#context;
    const { signal } = this.#listening;
    for (const [name, value] of Object.entries({ role: 'slider', tabindex: 0, 'aria-valuemin': 1 }))
      setAttribute(container, name, value);
    const leave = () => {
      this.#chart.point(undefined);
      this.inspect(undefined);
    };
    container.addEventListener('blur', leave, { signal });
    container.addEventListener(
      'keydown',
      (event) => {
        const step = steps[event.key];
        if (event.key === 'Escape') leave();
        if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
        event.preventDefault();
        this.#go(step);
      },
      { signal },
    );
  }

  #go(step: number): void {
    const withBars = this.#slots.flatMap(({ bar }, place) => (bar ? [place] : []));
    const at = withBars.indexOf(this.#shown()?.place ?? -1);
    const place = withBars[Math.min(withBars.length - 1, Math.max(0, at + step))];
    const slot = place === undefined ? undefined : this.#slots[place];
    if (place === undefined || !slot) return;
    this.#chart.reveal(place);
    this.#chart.point(slot);
    this.inspect(slot);
  }
}
