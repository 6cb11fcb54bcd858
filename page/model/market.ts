import { vwapDistance } from '../../src/kit/price-text.ts';
import { RecencyMap } from '../../src/kit/recency-map.ts';
import type { PriceLine, PricesEvent, StoredSymbol } from './contract.ts';
import { beginPace, type Pace, paceAt, withCount } from './pace.ts';

/** The last price line of a symbol. */
export interface Quote {
  readonly symbol: string;
  readonly price: number;
  /** Of its trades since the event before. */
  readonly high: number;
  readonly low: number;
  readonly vwap: number | undefined;
  /** When its last trade was made, Unix ms; no later than when it was heard of, whatever its date says. */
  readonly time: number;
  /** Where the price went when it last changed: 1 up, -1 down, 0 not known yet. */
  readonly direction: -1 | 0 | 1;
  /** Its trades. */
  readonly pace: Pace;
}

/** As many as the server keeps. */
const mostSymbols = 2000;

export type Quotes = ReadonlyMap<string, Quote>;

/** A symbol as a line of the list: what is stored of it, what is heard of it, or both. */
export interface SymbolLine {
  readonly symbol: string;
  readonly stored?: StoredSymbol;
  readonly quote?: Quote;
}

/**
 * The quotes after an event. A full event forgets symbols that it does not name; of more than 2000, as the server
 * keeps, those without a trade for longest are forgotten. `since` is the server's clock when the page began to listen,
 * Unix ms.
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
    // The trades of a full event are from an unknown time.
    pace: full ? beginPace(at) : withCount(before?.pace ?? beginPace(since), line.trades, at),
  };
}

/** Trades per second of a symbol at a time; undefined if not known, or not yet. */
export function rateAt({ pace }: Quote, at: number | undefined): number | undefined {
  return at === undefined ? undefined : paceAt(pace, at);
}

/** How far a price lies from the VWAP, in basis points. */
export function distance({ price, vwap }: Quote): number | undefined {
  return vwapDistance(price, vwap);
}

/** All symbols that are stored or heard of, by name. */
export function symbolLines(stored: readonly StoredSymbol[], quotes: Quotes): readonly SymbolLine[] {
  const lines = new Map<string, SymbolLine>();
  for (const symbol of stored) lines.set(symbol.symbol, { symbol: symbol.symbol, stored: symbol });
  for (const quote of quotes.values())
    lines.set(quote.symbol, { ...lines.get(quote.symbol), symbol: quote.symbol, quote });
  return [...lines.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
}
