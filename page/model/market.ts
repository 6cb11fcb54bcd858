import { vwapDistance } from '../../src/kit/price-text.ts';
import { RecencyMap } from '../../src/kit/recency-map.ts';
import type { PriceLine, PricesEvent, StoredSymbol } from './contract.ts';
import { beginPace, type Pace, paceAt, withCount } from './pace.ts';

/** The last price line of a symbol. */
export interface Quote {
  readonly symbol: string;
  readonly price: number;
  /** Highest price of the trades since the previous event. */
  readonly high: number;
  readonly low: number;
  readonly vwap: number | undefined;
  /** When its last trade was made, Unix ms; at the latest when it was received, whatever its date is. */
  readonly time: number;
  /** Direction of the last price change: 1 up, -1 down, 0 unknown. */
  readonly direction: -1 | 0 | 1;
  /** The rate of its trades. */
  readonly pace: Pace;
}

/** As many as the server keeps. */
const mostSymbols = 2000;

export type Quotes = ReadonlyMap<string, Quote>;

/** A row of the symbol list: a symbol that is stored, received from the stream, or both. */
export interface SymbolLine {
  readonly symbol: string;
  readonly stored?: StoredSymbol;
  readonly quote?: Quote;
}

/**
 * The quotes after an event. A full event removes symbols that it does not contain. At most 2000 are kept, as on the
 * server: those without a trade for the longest time are removed first. `since` is the server's clock when the page
 * began to listen, Unix ms.
 */
export function withPrices(quotes: Quotes, event: PricesEvent, since: number): Quotes {
  const next = new RecencyMap<Quote>(mostSymbols);
  if (!event.full) for (const [symbol, quote] of quotes) next.use(symbol, quote);
  for (const line of event.symbols) next.use(line.symbol, quoteOf(line, quotes.get(line.symbol), event, since));
  return new Map(next);
}

function quoteOf(line: PriceLine, before: Quote | undefined, { at, full }: PricesEvent, since: number): Quote {
  const { symbol, price, vwap, time, high = price, low = price } = line;
  const step = before === undefined ? 0 : Math.sign(price - before.price);
  return {
    ...{ symbol, price, high, low, vwap: vwap ?? undefined, time: Math.min(Date.parse(time), at) },
    direction: step > 0 ? 1 : step < 0 ? -1 : (before?.direction ?? 0),
    // The trades of a full event cover an unknown time.
    pace: full ? beginPace(at) : withCount(before?.pace ?? beginPace(since), line.trades, at),
  };
}

/** Trades per second of a symbol at a time; undefined while unknown. */
export function rateAt({ pace }: Quote, at: number | undefined): number | undefined {
  return at === undefined ? undefined : paceAt(pace, at);
}

/** The distance of a price from the VWAP, in basis points. */
export function distance({ price, vwap }: Quote): number | undefined {
  return vwapDistance(price, vwap);
}

/** All symbols that are stored or received from the stream, by name. */
export function symbolLines(stored: readonly StoredSymbol[], quotes: Quotes): readonly SymbolLine[] {
  const lines = new Map<string, SymbolLine>();
  for (const symbol of stored) lines.set(symbol.symbol, { symbol: symbol.symbol, stored: symbol });
  for (const quote of quotes.values())
    lines.set(quote.symbol, { ...lines.get(quote.symbol), symbol: quote.symbol, quote });
  return [...lines.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
}
