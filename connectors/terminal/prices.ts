import { durationText } from '../../src/kit/time-text.ts';
import type { WantedBars } from './bar-feed.ts';
import type { Plot } from './chart.ts';
import { chartArea } from './chart-area.ts';
import { beside, fitHeight, grey, type Line, rule, span } from './lines.ts';
import { changePercent, type Direction, keptTrades, type Market, type Quote, type ShownTrade } from './market.ts';
import { aligned, directed, distanceText, sign } from './price-cells.ts';
import { type State, shownQuotes } from './state.ts';
import { type Column, table } from './table.ts';
import { rateText, signedText, sparkline } from './text.ts';
import { symbolWidth, tradeLines } from './trade-lines.ts';

/** A symbol without a trade for this long is shown in grey, ms. */
export const staleMs = 30_000;

/** Part of a screen: lines, and the plots drawn over them. */
export interface Body {
  readonly lines: readonly Line[];
  readonly plots: readonly Plot[];
  /** The bars that its chart needs. */
  readonly wants?: WantedBars | undefined;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** At this width and above, the chart and the trades are beside the symbols; below it, under them. */
const wide = 150;
/** Width of the list of trades with names of `symbolWidth`, in columns. */
const tradesWidth = 48;
/** Least widths of the chart and of the trades beside it, in columns; candles need more room than a line. */
const least = { line: { chart: 28, trades: tradesWidth }, candles: { chart: 44, trades: 34 } } as const;
const gap = 2;

/** The prices screen: symbols, the chart of the selected one, the last trades. Exactly `height` lines. */
export function pricesBody(state: State, size: Size): Body {
  const quotes = shownQuotes(state);
  const { choice, market } = state;
  const index = Math.max(
    0,
    quotes.findIndex(({ symbol }) => symbol === choice.selected),
  );
  const selected = quotes[index];
  if (!selected) {
    const waiting = choice.filter ? `no symbol contains "${choice.filter}"` : 'no trade yet';
    return { lines: fitHeight([[], [span(`  ${waiting}`, grey)]], size.height), plots: [] };
  }
  if (choice.isAlone) return alone(state, selected, size);
  const rest = { quotes, index, state };
  if (size.width >= wide) return sideBySide(rest, selected, size);
  const leastBelow = size.height < 14 ? 0 : size.height >= 44 ? keptTrades + 2 : Math.floor(size.height * 0.45);
  const rows = Math.min(quotes.length + 1, size.height - leastBelow - (leastBelow > 0 ? 1 : 0));
  const symbols = symbolLines(rest, { width: size.width, height: rows });
  const room = size.height - rows;
  if (room < 5) return { lines: fitHeight(symbols, size.height), plots: [] };
  const lower = below(state, selected, { width: size.width, height: room, trades: market.lastOf(quotes) });
  return onTop(symbols, lower);
}

function alone(state: State, selected: Quote, { width, height }: Size): Body {
  const symbol = symbolLines({ quotes: [selected], index: 0, state }, { width, height: 2 });
  const lower = below(state, selected, { width, height: height - symbol.length, trades: selected.last });
  return onTop(symbol, lower);
}

function onTop(lines: readonly Line[], lower: Body): Body {
  return {
    ...lower,
    lines: [...lines, ...lower.lines],
    plots: lower.plots.map((plot) => moved(plot, 0, lines.length)),
  };
}

interface Listed {
  readonly quotes: readonly Quote[];
  readonly index: number;
  readonly state: State;
}

function sideBySide(listed: Listed, selected: Quote, { width, height }: Size): Body {
  const leftWidth = Math.min(110, Math.floor(width * 0.55));
  const left = symbolLines(listed, { width: leftWidth, height });
  const rightWidth = width - leftWidth - gap;
  const tradeRows = Math.min(keptTrades + 2, Math.floor(height / 2));
  const room = { width: rightWidth, height: height - tradeRows };
  const whole = chartArea(listed.state, selected, room);
  const hasNote = whole.note.length > 0;
  const upper = hasNote ? chartArea(listed.state, selected, { ...room, height: room.height - 1 }) : whole;
  const right = [
    ...fitHeight(hasNote ? [upper.note, ...upper.lines] : upper.lines, room.height),
    rule(rightWidth, [span('last trades', grey)]),
    ...tradeLines(listed.state.market.lastOf(listed.quotes), { width: rightWidth, height: tradeRows - 1 }),
  ];
  return {
    lines: fitHeight(beside(left, right, { width, leftWidth, gap }), height),
    plots: upper.plot ? [moved(upper.plot, leftWidth + gap, hasNote ? 1 : 0)] : [],
    wants: upper.wants,
  };
}

/** A rule, and under it the chart with the trades to its right. */
function below(
  state: State,
  selected: Quote,
  { width, height, trades }: Size & { readonly trades: readonly ShownTrade[] },
): Body {
  const needs = least[state.choice.chart];
  const room = width - needs.chart - gap;
  const wanted = tradesWidth + trades.reduce((most, { symbol }) => Math.max(most, symbol.length - symbolWidth), 0);
  const rightWidth = Math.min(room, wanted);
  const leftWidth = room < needs.trades ? width : width - rightWidth - gap;
  const upper = chartArea(state, selected, { width: leftWidth, height: height - 1 });
  const left = fitHeight(upper.lines, height - 1);
  const name = [span(state.choice.isAlone ? `the last trades of ${selected.symbol}` : 'price and last trades', grey)];
  const title = upper.note.length > 0 ? [...name, span('   '), ...upper.note] : name;
  const right = tradeLines(trades, { width: rightWidth, height: height - 1 });
  return {
    lines: [
      rule(width, title),
      ...(leftWidth === width ? left : fitHeight(beside(left, right, { width, leftWidth, gap }), height - 1)),
    ],
    plots: upper.plot ? [moved(upper.plot, 0, 1)] : [],
    wants: upper.wants,
  };
}

function moved(plot: Plot, left: number, top: number): Plot {
  return { ...plot, left: plot.left + left, top: plot.top + top };
}

// ---- the symbols ------------------------------------------------------------------------------------------------

/** The header and as many symbols as fit, around the selected one. */
function symbolLines({ quotes, index, state }: Listed, { width, height }: Size): readonly Line[] {
  const room = Math.max(0, height - 1);
  const first = Math.max(0, Math.min(index - Math.floor(room / 2), quotes.length - room));
  const rows = quotes.slice(first, first + room);
  const selected = quotes[index];
  const decimals = Math.max(...rows.map((quote) => quote.decimals));
  return table(columns(state, decimals, selected), rows, {
    width,
    sorted: sortedHeads[state.choice.sort],
    rowStyle: (quote) => (state.now - quote.seenAt >= staleMs ? grey : undefined),
    isStrong: (quote) => quote === selected,
  });
}

const sortedHeads = {
  symbol: '  symbol',
  change: 'change',
  'to VWAP': 'to VWAP',
  rate: 'trades/s',
  'last trade': 'age',
};

function columns(
  { now, market }: { readonly now: number; readonly market: Market },
  decimals: number,
  selected: Quote | undefined,
): readonly Column<Quote>[] {
  return [
    {
      ...{ head: '  symbol', align: 'left', drop: 0, least: 16 },
      cell: (quote) => ({ text: `${quote === selected ? '>' : ' '} ${quote.symbol}` }),
    },
    {
      ...{ head: 'price', align: 'right', drop: 0 },
      cell: ({ price, direction, decimals: own }) => ({
        text: `${sign(direction)} ${aligned(price, own, decimals)}`,
        style: directed(direction),
      }),
    },
    {
      ...{ head: 'change', align: 'right', drop: 3 },
      cell: (quote) => {
        const change = changePercent(quote);
        return change === undefined
          ? { text: '-' }
          : { text: `${signedText(change, 2)} %`, style: directed(Math.sign(Number(change.toFixed(2))) as Direction) };
      },
    },
    {
      ...{ head: 'VWAP', align: 'right', drop: 1 },
      cell: ({ vwap, decimals: own }) => ({ text: vwap === undefined ? '-' : aligned(vwap, own, decimals) }),
    },
    {
      ...{ head: 'to VWAP', align: 'right', drop: 2 },
      cell: ({ price, vwap }) => ({ text: distanceText(price, vwap) }),
    },
    {
      ...{ head: 'trades/s', align: 'right', drop: 4 },
      cell: (quote) => ({ text: rateText(market.quoteRate(quote)) }),
    },
    {
      ...{ head: 'age', align: 'right', drop: 5 },
      cell: ({ seenAt }) => ({ text: durationText(now - seenAt).padStart(4) }),
    },
    {
      ...{ head: '', align: 'left', drop: 6, stretch: 8, most: 60 },
      cell: ({ prices, price }, width) => ({
        text: sparkline([...prices.last(width - 1), price], width),
        style: { colour: 'cyan' },
      }),
    },
  ];
}
