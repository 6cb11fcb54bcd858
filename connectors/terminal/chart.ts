import { priceText } from '../../src/kit/price-text.ts';
import { durationText } from '../../src/kit/time-text.ts';
import { axisLines, type PriceRange, rangeOf, rowOf } from './axis.ts';
import { type Colour, fitLine, grey, type Line, span, strong, widthOf } from './lines.ts';
import { historySeconds, type Quote } from './market.ts';
import type { Ring } from './ring.ts';

/** An area for curves made of dots, two by four per terminal cell. */
export interface Plot {
  /** In cells, from the top left corner of the container. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** In drawing order: the last one is on top. */
  readonly curves: readonly Curve[];
}

export interface Curve {
  readonly colour: Colour | undefined;
  /** For each column of dots, from the left: the number of dots from the top, or undefined where there is none. */
  readonly dots: readonly (number | undefined)[];
}

export interface Chart {
  /** Title, axes and room for the plot. */
  readonly lines: readonly Line[];
  readonly plot: Plot | undefined;
}

const shortestSeconds = 30;

/** The price of a symbol against its VWAP over the last minutes: `height` lines of `width` columns. */
export function chart(quote: Quote, { width, height }: { readonly width: number; readonly height: number }): Chart {
  const title = titleOf(quote, width);
  const seconds = Math.min(historySeconds, Math.max(shortestSeconds, quote.prices.length));
  const seen = [...quote.prices.last(seconds), ...quote.vwaps.last(seconds)];
  const range = rangeOf(
    seen.filter((value) => value !== undefined),
    quote.decimals,
  );
  const labelWidth = range ? Math.max(range.low.length, range.high.length) : 0;
  const plotWidth = width - labelWidth - 2;
  const plotHeight = height - 2;
  if (!range || plotWidth < 10 || plotHeight < 2)
    return {
      lines: [
        title,
        [],
        [span(range ? '  no room for a chart' : '  the first seconds are being gathered', grey)],
      ].slice(0, height),
      plot: undefined,
    };
  const size = { columns: plotWidth * 2, rows: plotHeight * 4 };
  const curve = (ring: Ring) => dotsOf(ring, { ...size, seconds, range });
  const axis = axisLines(range, plotHeight, labelWidth);
  const from = `-${durationText(seconds * 1000)}`;
  const below = [
    span(`${' '.repeat(labelWidth)} └`, grey),
    span(from, grey),
    span('─'.repeat(Math.max(0, plotWidth - from.length - 3)), grey),
    span('now', grey),
  ];
  return {
    lines: [title, ...axis, below].map((line) => fitLine(line, width)),
    plot: {
      ...{ left: labelWidth + 2, top: 1, width: plotWidth, height: plotHeight },
      curves: [
        // A dashed line, so that the two curves differ without colours too.
        { colour: 'yellow', dots: curve(quote.vwaps).map((dot, column) => (column % 4 < 2 ? dot : undefined)) },
        { colour: 'cyan', dots: curve(quote.prices) },
      ],
    },
  };
}

/** The names of the curves, with their last values if there is room. */
function titleOf({ symbol, price, vwap, decimals }: Quote, width: number): Line {
  const title = (priceValue: string, vwapValue: string): Line => [
    span(`${symbol}  `, strong),
    span('── ', { colour: 'cyan' }),
    span(`price${priceValue}  `),
    span('·· ', { colour: 'yellow' }),
    span(`VWAP${vwapValue}`),
  ];
  const long = title(` ${priceText(price, decimals)}`, ` ${vwap === undefined ? '-' : priceText(vwap, decimals)}`);
  return widthOf(long) <= width ? long : title('', '');
}

interface Scale {
  readonly columns: number;
  readonly rows: number;
  readonly seconds: number;
  readonly range: PriceRange;
}

/** One dot per column, interpolated between the seconds. */
function dotsOf(ring: Ring, { columns, rows, seconds, range }: Scale): (number | undefined)[] {
  return Array.from({ length: columns }, (_, column) => {
    const back = (1 - column / (columns - 1)) * (seconds - 1);
    const newer = ring.back(Math.floor(back));
    const older = ring.back(Math.ceil(back));
    if (newer === undefined || older === undefined) return undefined;
    return rowOf(newer + (older - newer) * (back - Math.floor(back)), range, rows);
  });
}
