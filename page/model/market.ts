import type { PriceLine, PricesEvent, StoredSymbol } from './contract.ts';

/** The last that was heard of a symbol. */
export interface Quote {
  readonly symbol: string;
  readonly price: number;
  readonly vwap: number | undefined;
  /** When its last trade was made, Unix ms. */
  readonly time: number;
  /** Where the price went when it last changed: 1 up, -1 down, 0 not known yet. */
  readonly direction: -1 | 0 | 1;
  /** Trades per second at `heardAt`, smoothed. */
  readonly rate: number;
  /** The server's clock when it was heard of, Unix ms. */
  readonly heardAt: number;
}

export type Quotes = ReadonlyMap<string, Quote>;

/** A symbol as a line of the list: what is stored of it, what is heard of it, or both. */
export interface SymbolLine {
  readonly symbol: string;
  readonly stored?: StoredSymbol;
  readonly quote?: Quote;
}

/** Over which time the rate of trades is smoothed, ms. */
const smoothing = 4000;

/** The quotes after an event. A full event forgets symbols that it does not name. */
export function withPrices(quotes: Quotes, event: PricesEvent): Quotes {
  const changed = event.symbols.map((line) => [line.symbol, quoteOf(line, quotes.get(line.symbol), event)] as const);
  return new Map(event.full ? changed : [...quotes, ...changed]);
}

function quoteOf(line: PriceLine, before: Quote | undefined, { at, full }: PricesEvent): Quote {
  const { symbol, price, vwap, time } = line;
  const step = before === undefined ? 0 : Math.sign(price - before.price);
  return {
    ...{ symbol, price, vwap: vwap ?? undefined, time: Date.parse(time) },
    direction: step > 0 ? 1 : step < 0 ? -1 : (before?.direction ?? 0),
    // What a full event counts was traded over a time that nobody knows.
    rate: full || before === undefined ? (before?.rate ?? 0) : smoothed(before, line.trades, at),
    heardAt: at,
  };
}

function smoothed(before: Quote, trades: number, at: number): number {
  const passed = Math.max(1, at - before.heardAt);
  const kept = Math.exp(-passed / smoothing);
  return before.rate * kept + ((trades * 1000) / passed) * (1 - kept);
}

/** Trades per second of a symbol at a later time: it fades while nothing is heard. */
export function rateAt({ rate, heardAt }: Quote, at: number): number {
  const faded = rate * Math.exp(-Math.max(0, at - heardAt - 1000) / smoothing);
  return faded < 0.05 ? 0 : faded;
}

/** How far a price lies from the VWAP, as a share of the VWAP. */
export function distance({ price, vwap }: Quote): number | undefined {
  return vwap === undefined || vwap === 0 ? undefined : (price - vwap) / vwap;
}

/** All symbols that are stored or heard of, by name. */
export function symbolLines(stored: readonly StoredSymbol[], quotes: Quotes): readonly SymbolLine[] {
  const lines = new Map<string, SymbolLine>();
  for (const symbol of stored) lines.set(symbol.symbol, { symbol: symbol.symbol, stored: symbol });
  for (const quote of quotes.values())
    lines.set(quote.symbol, { ...lines.get(quote.symbol), symbol: quote.symbol, quote });
  return [...lines.values()].sort((a, b) => (a.symbol < b.symbol ? -1 : 1));
}
