import { widerDecimals } from '../../src/kit/price-text.ts';
import { RecencyMap } from '../../src/kit/recency-map.ts';
import { Ring } from './ring.ts';
import type { Trade } from './trade.ts';

/** Seconds of prices and VWAPs kept per symbol. */
export const historySeconds = 600;
/** Trades kept, in total and per symbol. */
export const keptTrades = 15;
const rateSeconds = 10;

/** A trade as the lists show it. */
export interface ShownTrade extends Trade {
  /** When the trade was received, Unix ms of this machine. */
  readonly seenAt: number;
  /** Direction of the price change since the symbol's previous trade; that of its last change, if there is none. */
  readonly direction: Direction;
  readonly decimals: number;
  /** Sequence number among the trades of all symbols. */
  readonly number: number;
}

export type Direction = -1 | 0 | 1;

/** The state of one symbol. */
export interface Quote {
  readonly symbol: string;
  /** As the feed writes it. */
  readonly feedSymbol: string;
  /** The first price received. */
  readonly first: number;
  price: number;
  vwap: number | undefined;
  direction: Direction;
  /** The most decimals that any of its prices had. */
  decimals: number;
  trades: number;
  /** When the last trade was received, Unix ms of this machine. */
  seenAt: number;
  /** Trades since the last tick. */
  fresh: number;
  /** Trades in each of the last seconds. */
  readonly perSecond: Ring;
  /** The price and the VWAP at the end of each second. */
  readonly prices: Ring;
  readonly vwaps: Ring;
  /** Newest first. */
  readonly last: ShownTrade[];
}

/**
 * Prices and trades of the feed, in bounded memory: the symbols that traded last, at most `maxSymbols` (about 12 KB
 * each), with ten minutes of history, and the last trades. `take` runs in constant time.
 */
export class Market {
  /** Symbols evicted to make room for others. */
  evicted = 0;
  /** Trades so far. */
  trades = 0;
  /** Newest first. */
  readonly last: ShownTrade[] = [];
  readonly #recent: RecencyMap<Quote>;
  readonly #quotes = new Map<string, Quote>();
  readonly #perSecond = new Ring(rateSeconds);
  #fresh = 0;
  /** When the first trade was received, Unix ms of this machine. */
  #openedAt: number | undefined;
  #seenSeconds = 0;

  constructor(maxSymbols: number) {
    this.#recent = new RecencyMap(maxSymbols);
  }

  /** Trades per second over the last ten seconds, or since the first trade; undefined for the first second. */
  get rate(): number | undefined {
    return rateOf(this.#perSecond, this.#seenSeconds);
  }

  /** Trades per second of a symbol, computed like `rate`. */
  quoteRate({ perSecond }: Quote): number | undefined {
    return rateOf(perSecond, this.#seenSeconds);
  }

  get size(): number {
    return this.#quotes.size;
  }

  get(symbol: string): Quote | undefined {
    return this.#quotes.get(symbol);
  }

  /** The last trades of these symbols, newest first. */
  lastOf(quotes: readonly Quote[]): readonly ShownTrade[] {
    if (quotes.length === this.#quotes.size) return this.last;
    return quotes
      .flatMap(({ last }) => last)
      .sort((a, b) => b.number - a.number)
      .slice(0, keptTrades);
  }

  /** In the order in which they were first seen. */
  quotes(): readonly Quote[] {
    return [...this.#quotes.values()];
  }

  /** @param seenAt Unix ms of this machine */
  take(trade: Trade, seenAt: number): void {
    this.#openedAt ??= seenAt;
    const quote = this.#quotes.get(trade.symbol) ?? this.#begin(trade);
    this.#forget(this.#recent.use(trade.symbol, quote));
    const move = Math.sign(trade.price - quote.price) as Direction;
    quote.direction = move === 0 ? quote.direction : move;
    quote.price = trade.price;
    quote.vwap = trade.vwap;
    quote.decimals = widerDecimals(quote.decimals, trade.price);
    quote.seenAt = seenAt;
    quote.trades++;
    quote.fresh++;
    this.trades++;
    this.#fresh++;
    const shown = { ...trade, seenAt, direction: quote.direction, decimals: quote.decimals, number: this.trades };
    keep(quote.last, shown);
    keep(this.last, shown);
  }

  /** Called once per second. @param now Unix ms of this machine */
  tick(now: number): void {
    // Before the first trade it is unknown whether the feed sends anything.
    if (this.#openedAt === undefined) return;
    this.#perSecond.push(this.#fresh);
    // The first second is only partly covered.
    this.#seenSeconds = Math.max(0, Math.min(this.#perSecond.length, (now - this.#openedAt) / 1000));
    this.#fresh = 0;
    for (const quote of this.#quotes.values()) {
      quote.perSecond.push(quote.fresh);
      quote.fresh = 0;
      quote.prices.push(quote.price);
      quote.vwaps.push(quote.vwap ?? Number.NaN);
    }
  }

  #begin({ symbol, feedSymbol, price, vwap }: Trade): Quote {
    const quote: Quote = {
      ...{ symbol, feedSymbol, first: price, price, vwap, direction: 0, decimals: 2, trades: 0, seenAt: 0, fresh: 0 },
      perSecond: new Ring(rateSeconds),
      prices: new Ring(historySeconds),
      vwaps: new Ring(historySeconds),
      last: [],
    };
    this.#quotes.set(symbol, quote);
    return quote;
  }

  #forget(symbol: string | undefined): void {
    if (symbol === undefined) return;
    this.#quotes.delete(symbol);
    this.evicted++;
  }
}

/** Change since the first price, in percent; undefined if the first price was 0. */
export function changePercent({ price, first }: Quote): number | undefined {
  const part = ((price - first) / Math.abs(first)) * 100;
  return Number.isFinite(part) ? part : undefined;
}

function rateOf(counts: Ring, seconds: number): number | undefined {
  return seconds < 0.99 ? undefined : counts.sum() / seconds;
}

function keep(list: ShownTrade[], trade: ShownTrade): void {
  list.unshift(trade);
  if (list.length > keptTrades) list.pop();
}
