import { axisDecimals, priceText } from '../../src/kit/price-text.ts';
import { type Colour, fitLine, grey, type Line, span, strong, widthOf } from './lines.ts';
import { historySeconds, type Quote } from './market.ts';
import type { Ring } from './ring.ts';
import { durationText, fit } from './text.ts';

/** A place for lines of dots, two by four to a cell of the terminal. */
export interface Plot {
  /** In cells, from the corner of whatever holds it. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Drawn one over the other. */
  readonly curves: readonly Curve[];
}

export interface Curve {
  readonly colour: Colour | undefined;
  /** From the left, one a column of dots: how many dots from the top, or nothing there. */
  readonly dots: readonly (number | undefined)[];
}

interface Chart {
  /** Title, axes and room for the plot. */
  readonly lines: readonly Line[];
  readonly plot: Plot | undefined;
}

const shortestSeconds = 30;

/** The price of a symbol against its VWAP over the last minutes: `height` lines of `width` columns. */
export function chart(quote: Quote, { width, height }: { readonly width: number; readonly height: number }): Chart {
  const title = titleOf(quote, width);
  const seconds = Math.min(historySeconds, Math.max(shortestSeconds, quote.prices.length));
  const range = rangeOf(quote, seconds);
  const labelWidth = range ? Math.max(range.low.length, range.high.length) : 0;
  const plotWidth = width - labelWidth - 2;
  const plotHeight = height - 2;
  if (!range || plotWidth < 10 || plotHeight < 2)
    return {
      lines: [title, [], [span('  the first seconds are being gathered', grey)]].slice(0, height),
      plot: undefined,
    };
  const size = { columns: plotWidth * 2, rows: plotHeight * 4 };
  const curve = (ring: Ring) => dotsOf(ring, { ...size, seconds, lowest: range.lowest, highest: range.highest });
  const axis = Array.from({ length: plotHeight }, (_, row) => {
    const label =
      row === 0 ? range.high : row === plotHeight - 1 ? range.low : row === middle(plotHeight) ? range.mid : '';
    return [span(fit(label, labelWidth, 'right'), grey), span(label === '' ? ' │' : ' ┤', grey)];
  });
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
        // Every other pair of dots: the two lines differ without their colours too.
        { colour: 'yellow', dots: curve(quote.vwaps).map((dot, column) => (column % 4 < 2 ? dot : undefined)) },
        { colour: 'cyan', dots: curve(quote.prices) },
      ],
    },
  };
}

const middle = (rows: number) => (rows >= 5 ? Math.floor((rows - 1) / 2) : -1);

/** The names of the curves; with their last values where there is room. */
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

function rangeOf({ prices, vwaps, decimals }: Quote, seconds: number) {
  const values = [...prices.last(seconds), ...vwaps.last(seconds)].filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  const least = Math.min(...values);
  const most = Math.max(...values);
  // A market that does not move is a line in the middle.
  const margin = most > least ? 0 : Math.abs(most) * 0.0005 || 1;
  const [lowest, highest] = [least - margin, most + margin];
  if (!Number.isFinite(highest - lowest)) return undefined;
  const shown = axisDecimals(lowest, highest, decimals);
  const text = (value: number) => priceText(value, shown);
  return { lowest, highest, low: text(lowest), mid: text((lowest + highest) / 2), high: text(highest) };
}

interface Scale {
  readonly columns: number;
  readonly rows: number;
  readonly seconds: number;
  readonly lowest: number;
  readonly highest: number;
}

/** A dot a column, on the straight lines between the seconds. */
function dotsOf(ring: Ring, { columns, rows, seconds, lowest, highest }: Scale): (number | undefined)[] {
  return Array.from({ length: columns }, (_, column) => {
    const back = (1 - column / (columns - 1)) * (seconds - 1);
    const newer = ring.back(Math.floor(back));
    const older = ring.back(Math.ceil(back));
    if (newer === undefined || older === undefined) return undefined;
    const value = newer + (older - newer) * (back - Math.floor(back));
    const part = Math.min(1, Math.max(0, (value - lowest) / (highest - lowest)));
    return Math.round((1 - part) * (rows - 1));
  });
}
