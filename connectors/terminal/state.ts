import { vwapDistance } from '../../src/kit/price-text.ts';
import type { ReplayState } from '../../src/kit/replay.ts';
import type { ProcessSnapshot } from '../../src/kit/snapshot.ts';
import type { ShownBars } from './bar-feed.ts';
import { changePercent, type Market, type Quote } from './market.ts';
import type { RuntimeRow } from './runtime.ts';

export const sorts = ['symbol', 'change', 'to VWAP', 'rate', 'last trade'] as const;
export type Sort = (typeof sorts)[number];

/** The user's choices. */
export interface Choice {
  readonly screen: 'prices' | 'runtime';
  /** The selected symbol; if undefined or not shown, the first one is selected. */
  readonly selected: string | undefined;
  /** Only the selected symbol is shown, large. */
  readonly isAlone: boolean;
  readonly chart: 'line' | 'candles';
  /** The interval of the candles; undefined if there are none. */
  readonly interval: string | undefined;
  readonly filter: string;
  /** The filter is being typed. */
  readonly isTyping: boolean;
  readonly sort: Sort;
  readonly isPaused: boolean;
  readonly isHelpShown: boolean;
  /** The selected row of the runtime screen; undefined if there is none. */
  readonly row: string | undefined;
  /** Whether topologies are expanded; undefined: as long as all rows fit. */
  readonly isUnfolded: boolean | undefined;
  /** Topologies that are collapsed while the others are expanded, or the other way round. */
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

/** Everything that the screen is rendered from. */
export interface State {
  /** Wall clock, Unix ms; does not advance while paused. */
  readonly now: number;
  readonly choice: Choice;
  readonly market: Market;
  /** The known bars of the series that the chart last needed. */
  readonly bars: ShownBars | undefined;
  /** The intervals that candles may have, the shortest first. */
  readonly intervals: readonly string[];
  /** This process; undefined if unknown. */
  readonly process: ProcessSnapshot | undefined;
  /** The topology that writes to this screen. */
  readonly topology: string;
  /** Time from a trade to the screen, ms. */
  readonly delayMs: number | undefined;
  /** Lines that could not be read as trades. */
  readonly unreadable: number;
  /** Lines received while paused. */
  readonly unseen: number;
  readonly runtime: RuntimeState;
  /** The log file; undefined if unknown. */
  readonly logFile: string | undefined;
  /** The tape that is played in the place of a log; left out where there is none. */
  readonly replay?: ReplayState | undefined;
}

export interface RuntimeState {
  readonly rows: readonly RuntimeRow[];
  /** Why not every running process is shown; one line. */
  readonly problem: string | undefined;
}

/** The symbols that are shown, in display order. */
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
 * The rows of the runtime screen: those that pass the filter, with the process and topology above them. Without a
 * filter: all but the healthy nodes of collapsed topologies. `room` is the number of rows that fit the screen.
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
