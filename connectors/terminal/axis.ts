import { axisDecimals, priceText } from '../../src/kit/price-text.ts';
import { grey, type Line, span } from './lines.ts';
import { fit } from './text.ts';

/** The range of prices that a chart spans. */
export interface PriceRange {
  readonly lowest: number;
  readonly highest: number;
  /** Labels of the axis for `lowest`, the middle and `highest`. */
  readonly low: string;
  readonly mid: string;
  readonly high: string;
}

/** The range of prices that are shown with `decimals` decimals; undefined when there is nothing to draw. */
export function rangeOf(values: readonly number[], decimals: number): PriceRange | undefined {
  if (values.length === 0) return undefined;
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  // A constant price is drawn as a line in the middle.
  const margin = most > least ? 0 : Math.abs(most) * 0.0005 || 1;
  const [lowest, highest] = [least - margin, most + margin];
  if (!Number.isFinite(highest - lowest)) return undefined;
  const shown = axisDecimals(lowest, highest, decimals);
  const text = (value: number) => priceText(value, shown);
  return { lowest, highest, low: text(lowest), mid: text((lowest + highest) / 2), high: text(highest) };
}

/** The row of a price, counted from 0 at the top. */
export function rowOf(price: number, { lowest, highest }: PriceRange, rows: number): number {
  const part = Math.min(1, Math.max(0, (price - lowest) / (highest - lowest)));
  return Math.round((1 - part) * (rows - 1));
}

/** The axis left of a chart: `height` lines of `labelWidth` + 2 columns. */
export function axisLines({ low, mid, high }: PriceRange, height: number, labelWidth: number): readonly Line[] {
  return Array.from({ length: height }, (_, row) => {
    const label = row === 0 ? high : row === height - 1 ? low : row === middle(height) ? mid : '';
    return axisLine(label, labelWidth);
  });
}

export function axisLine(label: string, labelWidth: number): Line {
  return [span(fit(label, labelWidth, 'right'), grey), span(label === '' ? ' │' : ' ┤', grey)];
}

/** The row of the middle of the range, as in `rowOf`; -1 where there is no room for its label. */
const middle = (rows: number) => (rows >= 5 ? Math.floor(rows / 2) : -1);
