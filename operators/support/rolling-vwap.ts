import { weightedMean } from './aggregate.ts';
import { addPairs, productError } from './pairs.ts';

/** Bytes that one trade of a window takes. */
export const bytesPerTrade = 32;

/**
 * Σ price × volume / Σ volume over the last `window` trades, null while all of their volumes are 0.
 *
 * Nothing is ever subtracted: the window is a block of trades that fills up, and the rest of the block before it, whose
 * sums from each trade to its end were computed at once when it was full. So a spike leaves no trace after it has left
 * the window, and the result does not depend on earlier trades. A tick costs two additions to the sums, whatever the
 * window; once per block, `window` trades are added up at once (about 1 ms for 100 000).
 *
 * All sums are pairs of doubles (some 106 bits), products are exact, and the only rounding that shows is the last. For
 * prices of one sign the result is therefore within one unit in the last place of the exact one, and never outside
 * the lowest and highest price of the trades with volume. It needs 32 bytes for each trade.
 */
export class RollingVwap {
  readonly #window: number;
  /**
   * Four doubles a trade, price × volume and volume as high and low part: up to `#index` of the trade alone, behind it
   * summed up to the end of the block before.
   */
  #slots: Float64Array;
  /** Trades in the block that fills up. */
  #index = 0;
  #hasBlockBefore = false;
  /** The sums of the block that fills up. */
  readonly #sums = new Float64Array(4);

  /** @param window trades, from 1 */
  constructor(window: number) {
    this.#window = window;
    this.#slots = new Float64Array(4 * Math.min(window, 64));
  }

  /** Takes the next trade, whose numbers must be in range (`largestSize`), and gives the VWAP including it. */
  add(price: number, volume: number): number | null {
    const at = 4 * this.#index++;
    if (at === this.#slots.length) this.#grow();
    const slots = this.#slots;
    const sums = this.#sums;
    slots[at] = price * volume;
    slots[at + 1] = productError(price, volume);
    slots[at + 2] = volume;
    slots[at + 3] = 0;
    addPairs(sums, 0, sums, 0, slots, at);
    addPairs(sums, 2, sums, 2, slots, at + 2);
    const result = this.#result();
    if (this.#index === this.#window) this.#turnOver();
    return result;
  }

  #result(): number | null {
    const sums = this.#sums;
    if (!this.#hasBlockBefore || this.#index === this.#window) return weightedMean(sums);
    const rest = 4 * this.#index;
    addPairs(total, 0, sums, 0, this.#slots, rest);
    addPairs(total, 2, sums, 2, this.#slots, rest + 2);
    return weightedMean(total);
  }

  /** The full block becomes the one before: each slot gets the sums from its trade to the end. */
  #turnOver(): void {
    const slots = this.#slots;
    for (let at = 4 * (this.#window - 2); at >= 0; at -= 4) {
      addPairs(slots, at, slots, at, slots, at + 4);
      addPairs(slots, at + 2, slots, at + 2, slots, at + 6);
    }
    this.#sums.fill(0);
    this.#index = 0;
    this.#hasBlockBefore = true;
  }

  #grow(): void {
    const larger = new Float64Array(Math.min(4 * this.#window, 2 * this.#slots.length));
    larger.set(this.#slots);
    this.#slots = larger;
  }
}

/** Scratch for the sums over the whole window. */
const total = new Float64Array(4);
