import { widerDecimals } from '../../src/kit/price-text.ts';
import { RecencyMap } from '../../src/kit/recency-map.ts';

/** Instruments that are remembered; of more, the one without a price for longest is forgotten. */
const mostSymbols = 10_000;

/** With how many decimals the prices of each instrument are written: as many as they came with, wherever from. */
export class Decimals {
  readonly #known = new RecencyMap<number>(mostSymbols);

  /** Takes a price of an instrument. */
  see(symbol: string, price: number): void {
    this.#known.use(symbol, widerDecimals(this.#known.get(symbol), price));
  }

  of(symbol: string): number {
    return this.#known.get(symbol) ?? widerDecimals(undefined, 0);
  }
}
