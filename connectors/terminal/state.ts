import { vwapDistance } from '../../src/kit/price-text.ts';
import type { ProcessSnapshot } from '../../src/kit/snapshot.ts';
import type { BarSeries } from './bar-feed.ts';
import { changePercent, type Market, type Quote } from './market.ts';
import type { RuntimeRow } from './runtime.ts';

export const sorts = ['symbol', 'change', 'to VWAP', 'rate', 'last trade'] as const;
export type Sort = (typeof sorts)[number];

/** What the person at the keyboard has chosen. */
export interface Choice {
  readonly screen: 'prices' | 'runtime';
  /** The selected symbol; undefined, or one that is not shown: the first. */
  readonly selected: string | undefined;
  /** Only the selected symbol is shown, large. */
  readonly isAlone: boolean;
  readonly chart: 'line' | 'candles';
  /** The length of the candles; undefined: there are none. */
  readonly interval: string | undefined;
  readonly filter: string;
  /** The filter is being typed. */
  readonly isTyping: boolean;
  readonly sort: Sort;
  readonly isPaused: boolean;
  readonly isHelpShown: boolean;
  /** The selected row of the runtime screen; undefined: none. */
  readonly row: string | undefined;
  /** Whether the nodes of topologies are shown; undefined: as long as all have room. */
  readonly isUnfolded: boolean | undefined;
  /** Topologies whose nodes are shown when others' are not, or the other way round. */
  readonly toggled: readonly string[];
}

export const firstChoice: Choice = {
  screen: 'prices',
  selected: undefined,
  isAlone: false,
  chart: 'line',
  interval: undefined,
  filter: '',
  isTyping: false,
  sort: 'symbol',
  isPaused: false,
  isHelpShown: false,
  row: undefined,
  isUnfolded: undefined,
  toggled: [],
};

/** All that the screen is made from. */
export interface State {
  /** Wall clock, Unix ms; does not advance while paused. */
  readonly now: number;
  readonly choice: Choice;
  readonly market: Market;
  /** The bars that are known of what the chart wanted last. */
  readonly bars: BarSeries | undefined;
  /** The lengths that candles may have, the shortest first. */
  readonly intervals: readonly string[];
  /** This process; undefined where it is unknown. */
  readonly process: ProcessSnapshot | undefined;
  /** The topology whose sink the screen is. */
  readonly topology: string;
  /** From the trade to the screen, ms. */
  readonly delayMs: number | undefined;
  /** Lines that are no trades. */
  readonly unreadable: number;
  /** Lines that came while paused. */
  readonly unseen: number;
  readonly runtime: RuntimeState;
  /** Where the log goes; undefined where it is unknown. */
  readonly logFile: string | undefined;
}

export interface RuntimeState {
  readonly rows: readonly RuntimeRow[];
  /** Why not every running process is shown; one line. */
  readonly problem: string | undefined;
}

/** The symbols that are shown, in their order. */
export function shownQuotes({ market, choice }: Pick<State, 'market' | 'choice'>): readonly Quote[] {
  const wanted = choice.filter.toLowerCase();
  const quotes = market.quotes().filter(({ symbol }) => symbol.toLowerCase().includes(wanted));
  if (choice.sort === 'symbol') return quotes.sort((a, b) => compare(a.symbol, b.symbol));
  const value = sortValues(market)[choice.sort];
  return quotes
    .map((quote) => ({ quote, value: value(quote) }))
    .sort((a, b) => b.value - a.value || compare(a.quote.symbol, b.quote.symbol))
    .map(({ quote }) => quote);
}

const sortValues = (market: Market): Readonly<Record<Exclude<Sort, 'symbol'>, (quote: Quote) => number>> => ({
  change: (quote) => changePercent(quote) ?? -Number.MAX_VALUE,
  'to VWAP': ({ price, vwap }) => Math.abs(vwapDistance(price, vwap) ?? -1),
  rate: (quote) => market.quoteRate(quote) ?? 0,
  'last trade': (quote) => Math.floor(quote.seenAt / 1000),
});

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * The rows of the runtime screen: those that pass the filter, with the process and topology above them; without a filter
 * all, but for the nodes of folded topologies that are well. `room` is how many fit on the screen.
 */
export function shownRows({ runtime, choice }: Pick<State, 'runtime' | 'choice'>, room: number): readonly RuntimeRow[] {
  const wanted = choice.filter.toLowerCase();
  if (wanted !== '') return runtime.rows.filter(({ path }) => path.toLowerCase().includes(wanted));
  return runtime.rows.filter(
    ({ parent, isWell }) => parent === undefined || !isWell || isUnfolded({ runtime, choice }, parent, room),
  );
}

/** Whether the nodes of a topology are shown. */
export function isUnfolded({ runtime, choice }: Pick<State, 'runtime' | 'choice'>, topology: string, room: number) {
  const others = choice.isUnfolded ?? runtime.rows.length <= room;
  return choice.toggled.includes(topology) ? !others : others;
}
