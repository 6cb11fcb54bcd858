import type { AutoscaleInfo, IChartApi, ISeriesApi, UTCTimestamp } from '/assets/lightweight-charts.js';
import { price } from '../model/format.ts';
import { maxPoints, type Point } from '../model/points.ts';
import { colour } from './theme.ts';

type Line = ISeriesApi<'Line'>;

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const timeText = (seconds: unknown) => time.format(Number(seconds) * 1000);

/** As long as it holds no more points than these, the chart shows all of them; then it moves on with the newest. */
const filling = 300;

/** Price and VWAP of one symbol over time. */
export class PriceChart {
  readonly #chart: IChartApi;
  readonly #price: Line;
  readonly #vwap: Line;
  #shown = 0;
  #last = 0;
  #decimals: number | undefined;

  private constructor(chart: IChartApi, price: Line, vwap: Line) {
    this.#chart = chart;
    this.#price = price;
    this.#vwap = vwap;
  }

  /** Fails when the library can't be loaded. */
  static async create(container: HTMLElement): Promise<PriceChart> {
    const { createChart, LineSeries, LineStyle } = await import('/assets/lightweight-charts.js');
    const chart = createChart(container, {
      autoSize: true,
      // The library's own mark would need a style element, which the page's policy forbids: the legend names it.
      layout: { attributionLogo: false, fontFamily: 'inherit', fontSize: 11, background: { color: 'transparent' } },
      localization: { timeFormatter: timeText },
      timeScale: {
        secondsVisible: true,
        timeVisible: true,
        tickMarkFormatter: timeText,
        rightOffset: 4,
        borderVisible: false,
      },
      rightPriceScale: { borderVisible: false },
      handleScroll: { mouseWheel: false, vertTouchDrag: false },
      handleScale: { mouseWheel: false, pinch: true },
    });
    const common = { lineWidth: 2, priceLineVisible: false } as const;
    const vwap = chart.addSeries(LineSeries, { ...common, lineStyle: LineStyle.Dashed, crosshairMarkerVisible: false });
    const series = chart.addSeries(LineSeries, common);
    const made = new PriceChart(chart, series, vwap);
    made.applyTheme();
    return made;
  }

  /** Takes the colours of the style sheet. */
  applyTheme(): void {
    const grid = { color: colour('--grid') };
    this.#chart.applyOptions({
      layout: { textColor: colour('--muted') },
      grid: { vertLines: grid, horzLines: grid },
    });
    this.#price.applyOptions({ color: colour('--price') });
    this.#vwap.applyOptions({ color: colour('--vwap') });
  }

  /** Writes prices with so many decimals, and draws the axis as finely. */
  setDecimals(decimals: number): void {
    if (decimals === this.#decimals) return;
    this.#decimals = decimals;
    // The library can't divide an axis more finely.
    const minMove = 10 ** -Math.min(decimals, 12);
    const priceFormat = { type: 'custom', minMove, formatter: (value: number) => price(value, decimals) } as const;
    // The library would give a flat line five steps of the axis on both sides: below nothing, for the smallest coins.
    const autoscaleInfoProvider = (own: () => AutoscaleInfo | null) => withMargin(own(), 5 * minMove);
    for (const line of [this.#price, this.#vwap]) line.applyOptions({ priceFormat, autoscaleInfoProvider });
  }

  /** Shows these points instead of all before. */
  reset(points: readonly Point[]): void {
    this.#price.setData(points.map(({ time, price }) => ({ time: secondsOf(time), value: price })));
    this.#vwap.setData(
      points.flatMap(({ time, vwap }) => (vwap === undefined ? [] : [{ time: secondsOf(time), value: vwap }])),
    );
    this.#shown = points.length;
    this.#last = points.at(-1)?.time ?? 0;
  }

  /** Shows the newest of these points; once in a while all of them, so that the chart holds no more than twice as many. */
  follow(points: readonly Point[]): void {
    const newest = points.at(-1);
    if (!newest || newest.time < this.#last) return;
    if (this.#shown >= 2 * maxPoints) {
      this.reset(points);
      return;
    }
    if (newest.time > this.#last) this.#shown++;
    this.#last = newest.time;
    const at = secondsOf(newest.time);
    this.#price.update({ time: at, value: newest.price });
    if (newest.vwap !== undefined) this.#vwap.update({ time: at, value: newest.vwap });
    if (this.#shown <= filling) this.fit();
  }

  /** Shows all of it. */
  fit(): void {
    this.#chart.timeScale().fitContent();
  }
}

function withMargin(info: AutoscaleInfo | null, most: number): AutoscaleInfo | null {
  if (!info?.priceRange) return info;
  const { minValue, maxValue } = info.priceRange;
  if (minValue !== maxValue || minValue === 0) return info;
  const margin = Math.min(most, Math.abs(minValue) * 0.0005);
  return { ...info, priceRange: { minValue: minValue - margin, maxValue: maxValue + margin } };
}

// The library counts in seconds, and takes parts of them.
function secondsOf(unixMs: number): UTCTimestamp {
  return (unixMs / 1000) as UTCTimestamp;
}
