import type {
  AutoscaleInfo,
  DeepPartial,
  IChartApi,
  TimeChartOptions,
  UTCTimestamp,
} from '/assets/lightweight-charts.js';
import { price } from '../model/format.ts';
import { colour } from './theme.ts';

/** The module of the chart library, loaded once. Fails when it can't be loaded. */
export function chartLibrary(): Promise<typeof import('/assets/lightweight-charts.js')> {
  return import('/assets/lightweight-charts.js');
}

/** Options that all charts of the page have in common. */
export const frame: DeepPartial<TimeChartOptions> = {
  autoSize: true,
  layout: {
    // The logo needs a style element, which the content security policy forbids: the legend names the library.
    attributionLogo: false,
    fontFamily: 'inherit',
    fontSize: 11,
    background: { color: 'transparent' },
  },
  timeScale: { timeVisible: true, borderVisible: false },
  rightPriceScale: { borderVisible: false, entireTextOnly: true },
  handleScroll: { mouseWheel: false, vertTouchDrag: false },
  handleScale: { mouseWheel: false, pinch: true },
};

/** Applies the colours of the style sheet to a chart. */
export function colourFrame(chart: IChartApi): void {
  const grid = { color: colour('--grid') };
  chart.applyOptions({
    layout: { textColor: colour('--muted'), panes: { separatorColor: colour('--line') } },
    grid: { vertLines: grid, horzLines: grid },
  });
}

/** The price format of a series with these decimals, and the step of its axis. */
export function priceOptions(decimals: number) {
  // The library can't divide an axis more finely.
  const minMove = 10 ** -Math.min(decimals, 12);
  return {
    priceFormat: { type: 'custom', minMove, formatter: (value: number) => price(value, decimals) },
    // The library would add five steps of the axis on both sides of a flat line: below zero, for the cheapest coins.
    autoscaleInfoProvider: (own: () => AutoscaleInfo | null) => withMargin(own(), 5 * minMove),
  } as const;
}

function withMargin(info: AutoscaleInfo | null, most: number): AutoscaleInfo | null {
  if (!info?.priceRange) return info;
  const { minValue, maxValue } = info.priceRange;
  if (minValue !== maxValue || minValue === 0) return info;
  const margin = Math.min(most, Math.abs(minValue) * 0.0005);
  return { ...info, priceRange: { minValue: minValue - margin, maxValue: maxValue + margin } };
}

/** The library counts in seconds, and accepts fractions. */
export function secondsOf(unixMs: number): UTCTimestamp {
  return (unixMs / 1000) as UTCTimestamp;
}
