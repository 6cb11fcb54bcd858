import type { Trade } from '../../../connectors/shared/feed/trade.ts';
import type { Chance } from '../../kit/chance.ts';

interface Stock {
  readonly symbol: string;
  readonly home: number;
  readonly volatility: number;
  /** How much of the market's moves it takes part in. */
  readonly beta: number;
  /** Its own moves: roughly the natural logarithm of price / home. */
  drift: number;
}

/** How strongly prices are drawn back to their start, so that they stay plausible for days. */
const pull = 1e-4;

/** The symbols of a market, whose prices move with it and on their own. */
export class Stocks {
  readonly #chance: Chance;
  readonly #stocks: readonly Stock[];
  /** The moves that they have in common. */
  #market = 0;

  constructor(chance: Chance, symbols: readonly string[]) {
    this.#chance = chance;
    this.#stocks = symbols.map((symbol) => ({
      symbol,
      home: 15 + Math.floor(chance.next() * 58_500) / 100,
      volatility: 0.0001 + chance.next() * 0.0007,
      beta: 0.5 + chance.next(),
      drift: 0,
    }));
  }

  /** The first symbols trade more often than the last. */
  pick(): Stock {
    const part = this.#chance.next();
    return this.#stocks[Math.floor(part * Math.sqrt(part) * this.#stocks.length)] as Stock;
  }

  /** The next trade of a symbol, with that time (Unix ms). */
  trade(stock: Stock, t: number): Trade {
    this.#market += 0.0002 * this.#move() - pull * this.#market;
    stock.drift += stock.volatility * this.#move() - pull * stock.drift;
    const moved = stock.drift + stock.beta * this.#market;
    // e ** moved as far as it matters: Math.exp and ** need not have the same last digit on every Node.js.
    const exact = Math.max(0.01, stock.home * (1 + moved + (moved * moved) / 2));
    const decimals = this.#chance.next() < 0.1 ? 10_000 : 100;
    const p = Math.round(exact * decimals) / decimals;
    const v = this.#volume();
    const kind = this.#chance.next();
    if (kind < 0.2) return { p, s: stock.symbol, t, v };
    const codes = kind < 0.3 ? ['1', '8', '24'] : kind < 0.4 ? ['1', '24'] : ['1'];
    return { p, s: stock.symbol, t, v, c: v > 0 && v < 100 ? [...codes, '12'] : codes };
  }

  #volume(): number {
    const kind = this.#chance.next();
    if (kind < 0.003) return 0;
    if (kind < 0.55) return 1 + Math.floor(this.#chance.next() * 99);
    if (kind < 0.9) return 100 * (1 + Math.floor(this.#chance.next() * 10));
    if (kind < 0.97) return Math.floor(this.#chance.next() * 1_000_000) / 1000;
    return 1000 * (1 + Math.floor(this.#chance.next() * 40));
  }

  #move(): number {
    return 2 * (this.#chance.next() + this.#chance.next() + this.#chance.next() - 1.5);
  }
}
