import { grey, type Line } from './lines.ts';
import type { ShownTrade } from './market.ts';
import { aligned, directed, distanceText, sign } from './price-cells.ts';
import { type Column, table } from './table.ts';
import { fit, tradeTime } from './text.ts';

/** Minimum width of the symbols, in columns. */
export const symbolWidth = 8;

/** The header and the last trades, newest first. */
export function tradeLines(
  trades: readonly ShownTrade[],
  { width, height }: { readonly width: number; readonly height: number },
): readonly Line[] {
  const shown = trades.slice(0, Math.max(0, height - 1));
  const decimals = Math.max(2, ...shown.map((trade) => trade.decimals));
  const tradeColumns: readonly Column<ShownTrade>[] = [
    {
      ...{ head: 'time        ', align: 'left', drop: 2 },
      cell: ({ time, seenAt }) => ({ text: tradeTime(time, seenAt), style: grey }),
    },
    {
      ...{ head: fit('symbol', symbolWidth), align: 'left', drop: 0, least: symbolWidth },
      cell: ({ symbol }) => ({ text: symbol }),
    },
    {
      ...{ head: '     price', align: 'right', drop: 0 },
      cell: ({ price, direction, decimals: own }) => ({
        text: `${sign(direction)} ${aligned(price, own, decimals)}`,
        style: directed(direction),
      }),
    },
    {
      ...{ head: '   to VWAP', align: 'right', drop: 3 },
      cell: ({ price, vwap }) => ({ text: distanceText(price, vwap), style: grey }),
    },
  ];
  return table(tradeColumns, shown, { width });
}
