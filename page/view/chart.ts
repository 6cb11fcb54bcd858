import type { IChartApi, ISeriesApi } from '/assets/lightweight-charts.js';
import { maxPoints, type Point } from '../model/points.ts';
import { chartLibrary, colourFrame, frame, priceOptions, secondsOf } from './chart-frame.ts';
import { colour } from './theme.ts';

type Line = ISeriesApi<'Line'>;

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const timeText = (seconds: unknown) => time.format(Number(seconds) * 1000);

/** Up to this number of points the chart shows all of them; then it scrolls with the newest. */
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
    const { createChart, LineSeries, LineStyle } = await chartLibrary();
    const chart = createChart(container, {
      ...frame,
      localization: { timeFormatter: timeText },
      timeScale: { ...frame.timeScale, secondsVisible: true, tickMarkFormatter: timeText, rightOffset: 4 },
    });
    const common = { lineWidth: 2, priceLineVisible: false } as const;
    const vwap = chart.addSeries(LineSeries, { ...common, lineStyle: LineStyle.Dashed, crosshairMarkerVisible: false });
    const series = chart.addSeries(LineSeries, common);
    const made = new PriceChart(chart, series, vwap);
    made.applyTheme();
    return made;
  }

  /** Applies the colours of the style sheet. */
  applyTheme(): void {
    colourFrame(this.#chart);
    this.#price.applyOptions({ color: colour('--price') });
    this.#vwap.applyOptions({ color: colour('--vwap') });
  }

  /** Sets the number of decimals of prices and of the axis. */
  setDecimals(decimals: number): void {
    if (decimals === this.#decimals) return;
    this.#decimals = decimals;
    for (const line of [this.#price, this.#vwap]) line.applyOptions(priceOptions(decimals));
  }

  /** Replaces all points. */
  reset(points: readonly Point[]): void {
    this.#price.setData(points.map(({ time, price }) => ({ time: secondsOf(time), value: price })));
    this.#vwap.setData(
      points.flatMap(({ time, vwap }) => (vwap === undefined ? [] : [{ time: secondsOf(time), value: vwap }])),
    );
    this.#shown = points.length;
    this.#last = points.at(-1)?.time ?? 0;
  }

  /** Adds the newest point; now and then replaces all points, so that the chart holds at most twice as many. */
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

  /** Removes the chart from its container. */
  remove(): void {
    this.#chart.remove();
  }

  /** Scales the time axis so that all points are visible. */
  fit(): void {
    this.#chart.timeScale().fitContent();
  }
}
