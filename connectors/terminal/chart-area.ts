import type { WantedBars } from './bar-feed.ts';
import { barsIn, candleChart } from './candle-chart.ts';
import { type Chart, chart } from './chart.ts';
import { grey, type Line, type Style, span } from './lines.ts';
import type { Quote } from './market.ts';
import type { State } from './state.ts';

/** The chart, and the bars that it needs; a line needs none. */
export interface ChartArea extends Chart {
  readonly wants: WantedBars | undefined;
  /** Why a line is shown although candles were chosen; otherwise empty. */
  readonly note: Line;
}

/** The chart of a symbol: a line or candles, as chosen. The line is shown while there are no candles. */
export function chartArea(
  { bars, choice, now }: Pick<State, 'bars' | 'choice' | 'now'>,
  quote: Quote,
  size: { readonly width: number; readonly height: number },
): ChartArea {
  if (choice.chart === 'line') return { ...chart(quote, size), wants: undefined, note: [] };
  const { interval } = choice;
  const count = barsIn(size);
  const instead = (why: string, wants?: WantedBars): ChartArea => {
    const name = interval === undefined ? 'candles' : `candles ${interval}`;
    return { ...chart(quote, size), wants, note: [span(`${name}: ${why}`, why === loading ? grey : warn)] };
  };
  if (interval === undefined) return instead('the connector has no URL for them');
  if (count === 0) return instead('no room');
  const wants = { symbol: quote.feedSymbol, interval, count };
  const series = bars?.symbol === wants.symbol && bars.interval === interval ? bars : undefined;
  if (series?.problem !== undefined) return instead(series.problem, wants);
  if (!series?.bars) return instead(choice.isPaused ? 'paused' : loading, wants);
  if (series.bars.length === 0) return instead('none yet', wants);
  const lines = candleChart(series, { ...quote, now }, size);
  return lines ? { lines, plot: undefined, wants, note: [] } : instead('no room', wants);
}

const loading = 'loading';
const warn: Style = { colour: 'yellow' };
