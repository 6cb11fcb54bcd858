import type { IChartApi, ISeriesApi, MouseEventParams, TickMarkType, Time } from '/assets/lightweight-charts.js';
import { axisTime, barTime, volumeText } from '../model/bar-text.ts';
import { firstChange, type Slot } from '../model/slots.ts';
import { BarMarks } from './bar-marks.ts';
import { chartLibrary, colourFrame, frame, priceOptions, secondsOf } from './chart-frame.ts';
import { colour } from './theme.ts';

interface Series {
  readonly candles: ISeriesApi<'Candlestick'>;
  readonly vwap: ISeriesApi<'Line'>;
  readonly volume: ISeriesApi<'Histogram'>;
}

/** Width of a bar with the space beside it, px. */
const spacing = 8;
const widest = 20;
/** A tick mark of this type or a lower one is the start of a day. */
const dayMark = 2;
/** Heights of the panes of prices and volumes, as a ratio. */
const shares = [4, 1] as const;

/** Candles with their VWAP, and volumes below. Rising bars are hollow, falling ones are filled. */
export class CandleChart {
  readonly #chart: IChartApi;
  readonly #series: Series;
  readonly #marks = [new BarMarks(true), new BarMarks(false)] as const;
  #slots: readonly Slot[] = [];
  #ms = 60_000;
  #decimals: number | undefined;

  private constructor(chart: IChartApi, series: Series) {
    this.#chart = chart;
    this.#series = series;
    series.candles.attachPrimitive(this.#marks[0]);
    series.volume.attachPrimitive(this.#marks[1]);
    chart.applyOptions({
      localization: { timeFormatter: (seconds: Time) => barTime(Number(seconds) * 1000, this.#ms) },
      timeScale: {
        tickMarkFormatter: (seconds: Time, kind: TickMarkType) =>
          axisTime(Number(seconds) * 1000, this.#ms, kind <= dayMark),
      },
    });
    this.applyTheme();
  }

  /** Fails when the library can't be loaded. `inspect` is called with the slot under the pointer, or undefined. */
  static async create(container: HTMLElement, inspect: (slot: Slot | undefined) => void): Promise<CandleChart> {
    const { createChart, CandlestickSeries, HistogramSeries, LineSeries } = await chartLibrary();
    const chart = createChart(container, {
      ...frame,
      layout: { ...frame.layout, panes: { enableResize: false } },
      timeScale: { ...frame.timeScale, barSpacing: spacing, maxBarSpacing: widest, rightOffset: 3 },
      rightPriceScale: { ...frame.rightPriceScale, scaleMargins: { top: 0.12, bottom: 0.1 }, minimumWidth: 60 },
    });
    const quiet = { priceLineVisible: false, lastValueVisible: false } as const;
    const candles = chart.addSeries(CandlestickSeries, { priceLineVisible: true });
    const vwap = chart.addSeries(LineSeries, { ...quiet, lineWidth: 1, crosshairMarkerVisible: false });
    const priceFormat = { type: 'custom', minMove: 1e-8, formatter: volumeText } as const;
    const volume = chart.addSeries(HistogramSeries, { ...quiet, priceFormat }, 1);
    volume.priceScale().applyOptions({ scaleMargins: { top: 0.1, bottom: 0 } });
    for (const [place, pane] of chart.panes().entries()) pane.setStretchFactor(shares[place] ?? 1);
    const made = new CandleChart(chart, { candles, vwap, volume });
    chart.subscribeCrosshairMove((event: MouseEventParams) =>
      inspect(event.logical === undefined ? undefined : made.#slots[event.logical]),
    );
    return made;
  }

  /** Applies the colours of the style sheet. */
  applyTheme(): void {
    colourFrame(this.#chart);
    const { candles, vwap, volume } = this.#series;
    const [up, down] = [colour('--good'), colour('--bad')];
    candles.applyOptions({
      ...{ upColor: colour('--card'), downColor: down },
      ...{ borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down },
      priceLineColor: colour('--edge'),
    });
    vwap.applyOptions({ color: colour('--price') });
    volume.applyOptions({ color: colour('--volume') });
  }

  /** Sets the number of decimals of prices and of the axis. */
  setDecimals(decimals: number): void {
    if (decimals === this.#decimals) return;
    this.#decimals = decimals;
    this.#series.candles.applyOptions(priceOptions(decimals));
    this.#series.vwap.applyOptions(priceOptions(decimals));
  }

  /** Replaces all bars with bars of `ms`, and shows the newest. */
  reset(slots: readonly Slot[], ms: number): void {
    this.#ms = ms;
    this.#set(slots);
    const scale = this.#chart.timeScale();
    scale.applyOptions({ barSpacing: spacing });
    if (slots.length * spacing < scale.width()) scale.fitContent();
    else scale.scrollToRealTime();
  }

  /** Draws what has changed. The visible range is kept; if the newest bar was visible, it stays visible. */
  follow(slots: readonly Slot[]): void {
    const from = firstChange(this.#slots, slots);
    if (from === slots.length && from === this.#slots.length) return;
    // The library can update only the last item and append others; a slot without a bar changes the line before it.
    const isSimple = from >= this.#slots.length - 1 && slots.length >= this.#slots.length;
    if (!isSimple || slots.slice(from).some(({ bar }) => bar === undefined)) this.#set(slots);
    else {
      this.#slots = slots;
      for (const place of slots.keys()) if (place >= from) this.#update(place);
    }
  }

  /** Shades slots and draws the marks of bars. */
  mark(isShaded: (slot: Slot) => boolean): void {
    for (const marks of this.#marks) marks.show(this.#slots, isShaded);
  }

  /** Moves the crosshair to a bar; undefined removes it. */
  point(slot: Slot | undefined): void {
    if (!slot?.bar) this.#chart.clearCrosshairPosition();
    else this.#chart.setCrosshairPosition(slot.bar.close, secondsOf(slot.time), this.#series.candles);
  }

  /** Scrolls a slot into view. */
  reveal(place: number): void {
    const scale = this.#chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (!range || (place >= range.from && place <= range.to)) return;
    const shift = place < range.from ? place - range.from : place - range.to;
    scale.setVisibleLogicalRange({ from: range.from + shift, to: range.to + shift });
  }

  /** Removes the chart from its container. */
  remove(): void {
    this.#chart.remove();
  }

  #set(slots: readonly Slot[]): void {
    this.#slots = slots;
    const { candles, vwap, volume } = this.#series;
    candles.setData(slots.map(candleOf));
    vwap.setData(slots.map((slot, place) => vwapOf(slot, slots[place + 1])));
    volume.setData(slots.map(volumeOf));
  }

  #update(place: number): void {
    const slot = this.#slots[place];
    if (!slot) return;
    const { candles, vwap, volume } = this.#series;
    candles.update(candleOf(slot));
    vwap.update(vwapOf(slot, this.#slots[place + 1]));
    volume.update(volumeOf(slot));
  }
}

function candleOf({ time, bar }: Slot) {
  if (!bar) return { time: secondsOf(time) };
  const { open, high, low, close } = bar;
  return { time: secondsOf(time), open, high, low, close };
}

/** The VWAP has a gap where there is no bar: each segment has the colour of the point that it begins at. */
function vwapOf({ time, bar }: Slot, after: Slot | undefined) {
  if (bar?.vwap === undefined) return { time: secondsOf(time) };
  const isLast = after !== undefined && after.bar === undefined;
  return { time: secondsOf(time), value: bar.vwap, ...(isLast ? { color: 'transparent' } : {}) };
}

function volumeOf({ time, bar }: Slot) {
  return bar?.volume === undefined ? { time: secondsOf(time) } : { time: secondsOf(time), value: bar.volume };
}
