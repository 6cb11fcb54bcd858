import { widerDecimals } from '../../src/kit/price-text.ts';
import { RecencyMap } from '../../src/kit/recency-map.ts';

/** Maximum number of instruments; beyond it, the one without a price for the longest time is forgotten. */
const mostSymbols = 10_000;

/** The number of decimals for the prices of each instrument: the most that any source has used. */
export class Decimals {
  readonly #known = new RecencyMap<number>(mostSymbols);

  /** Records a price of an instrument. */
  see(symbol: string, price: number): void {
    this.#known.use(symbol, widerDecimals(this.#known.get(symbol), price));
  }

  of(symbol: string): number {
    return this.#known.get(symbol) ?? widerDecimals(undefined, 0);
  }
}
