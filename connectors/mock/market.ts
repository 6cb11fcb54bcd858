import type { Faker } from '@faker-js/faker';
import type { Trade } from '../shared/feed/trade.ts';

/** A frame of trades, and when it is due. */
export interface MarketFrame {
  readonly trades: readonly Trade[];
  /** Ms since the start of the market. */
  readonly dueMs: number;
}

export interface MarketOptions {
  readonly symbols: readonly string[];
  /** Event time of the start, Unix ms. */
  readonly startMs: number;
  /** How fast event time moves: trades per second of it. */
  readonly tradesPerSecond: number;
}

interface Stock {
  readonly symbol: string;
  readonly home: number;
  readonly volatility: number;
  /** Natural logarithm of price / home. */
  drift: number;
}

/** How strongly a price is drawn back to its start, so that it stays plausible for days. */
const pull = 1e-4;
const maxFrameTrades = 8;

/**
 * A seeded market: a random walk for each symbol, cut into frames. What comes next depends on nothing but the
 * generator and the options, so the same seed gives the same frames however they are read. Event time is never after
 * the frame's due time and never goes backwards; equal times, zero volumes, odd lots and prices with four decimals
 * occur.
 */
export class Market {
  readonly #faker: Faker;
  readonly #options: MarketOptions;
  readonly #stocks: readonly Stock[];
  #trades = 0;
  #lastMs: number;

  constructor(faker: Faker, options: MarketOptions) {
    this.#faker = faker;
    this.#options = options;
    this.#lastMs = options.startMs;
    this.#stocks = options.symbols.map((symbol) => ({
      symbol,
      home: faker.number.float({ min: 15, max: 600, fractionDigits: 2 }),
      volatility: faker.number.float({ min: 0.0001, max: 0.0008 }),
      drift: 0,
    }));
  }

  next(): MarketFrame {
    const size = 1 + Math.floor(this.#random() ** 2 * maxFrameTrades);
    this.#trades += size;
    const dueMs = (this.#trades * 1000) / this.#options.tradesPerSecond;
    const latest = Math.floor(this.#options.startMs + dueMs);
    const trades: Trade[] = [];
    for (let index = 0; index < size; index++) trades.push(this.#trade(latest));
    return { trades, dueMs };
  }

  #trade(latest: number): Trade {
    const stock = this.#pick();
    const p = this.#price(stock);
    const t = this.#time(latest);
    const v = this.#volume();
    const c = this.#conditions(v);
    return c ? { p, s: stock.symbol, t, v, c } : { p, s: stock.symbol, t, v };
  }

  /** The first symbols of the list trade more often than the last. */
  #pick(): Stock {
    const index = Math.floor(this.#random() ** 1.5 * this.#stocks.length);
    return this.#stocks[index] as Stock;
  }

  #price(stock: Stock): number {
    const step = this.#random() + this.#random() + this.#random() - 1.5;
    stock.drift += 2 * stock.volatility * step - pull * stock.drift;
    const exact = Math.max(0.01, stock.home * Math.exp(stock.drift));
    const decimals = this.#random() < 0.04 ? 10_000 : 100;
    return Math.round(exact * decimals) / decimals;
  }

  /** One in three has the time of the one before. */
  #time(latest: number): number {
    if (this.#random() >= 1 / 3) this.#lastMs += Math.floor(this.#random() * (latest - this.#lastMs + 1));
    return this.#lastMs;
  }

  #volume(): number {
    const kind = this.#random();
    if (kind < 0.003) return 0;
    if (kind < 0.6) return 1 + Math.floor(this.#random() * 99);
    if (kind < 0.98) return 100 * (1 + Math.floor(this.#random() * 10));
    return 1000 * (1 + Math.floor(this.#random() * 40));
  }

  #conditions(volume: number): readonly string[] | undefined {
    const kind = this.#random();
    if (kind < 0.2) return undefined;
    const codes = kind < 0.3 ? ['1', '8', '24'] : kind < 0.4 ? ['1', '24'] : ['1'];
    return volume > 0 && volume < 100 ? [...codes, '12'] : codes;
  }

  #random(): number {
    return this.#faker.number.float();
  }
}
