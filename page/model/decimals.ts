import { widerDecimals } from '../../src/kit/price-text.ts';

/** Instruments that are remembered; of more, the one that came first is forgotten. */
const mostSymbols = 10_000;

/** With how many decimals the prices of each instrument are written: as many as they came with, wherever from. */
export class Decimals {
  readonly #known = new Map<string, number>();

  /** Takes a price of an instrument. */
  see(symbol: string, price: number): void {
    const before = this.#known.get(symbol);
    const wider = widerDecimals(before, price);
    if (wider === before) return;
    this.#known.set(symbol, wider);
    if (this.#known.size <= mostSymbols) return;
    const [first] = this.#known.keys();
    if (first !== undefined) this.#known.delete(first);
  }

  of(symbol: string): number {
    return this.#known.get(symbol) ?? widerDecimals(undefined, 0);
  }
}
