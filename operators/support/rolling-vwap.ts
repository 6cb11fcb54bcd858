/** Bytes that one trade of a window takes. */
export const bytesPerTrade = 32;
/** Prices and volumes are 0, or of a size between 1e-120 and 1e120: so no product or error term leaves the doubles. */
export const largestSize = 1e120;

/** Dekker's constant for 53 bits: cuts a double into two halves whose products are exact. */
const splitter = 2 ** 27 + 1;

/**
 * Σ price × volume / Σ volume over the last `window` trades, null while all of their volumes are 0.
 *
 * Nothing is ever subtracted: the window is a block of trades that fills up, and the rest of the block before it, whose
 * sums from each trade to its end were made at once when it was full. So a spike leaves no trace when it has left the
 * window, and the result does not depend on what was before. A tick costs two additions to the sums, whatever the
 * window; once a block, `window` trades are added up in one go (about 1 ms for 100 000).
 *
 * All sums are pairs of doubles (some 106 bits), products are exact, and the only rounding that shows is the last. For
 * prices of one sign the result is therefore within one unit in the last place of the exact one, and never outside
 * the lowest and highest price of the trades with volume. It needs 32 bytes for each trade.
 */
export class RollingVwap {
  readonly #window: number;
  /** Four doubles a trade, price × volume and volume as high and low part: up to `#place` of the trade alone, behind it summed up to the end of the block before. */
  #slots: Float64Array;
  /** Trades in the block that fills up. */
  #place = 0;
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
    const at = 4 * this.#place++;
    if (at === this.#slots.length) this.#grow();
    const slots = this.#slots;
    const sums = this.#sums;
    slots[at] = price * volume;
    slots[at + 1] = productError(price, volume);
    slots[at + 2] = volume;
    slots[at + 3] = 0;
    addPair(sums, 0, slots, at);
    addPair(sums, 2, slots, at + 2);
    const result = this.#result();
    if (this.#place === this.#window) this.#turnOver();
    return result;
  }

  #result(): number | null {
    const sums = this.#sums;
    if (!this.#hasBlockBefore || this.#place === this.#window) return quotient(sums);
    const rest = 4 * this.#place;
    total.set(sums);
    addPair(total, 0, this.#slots, rest);
    addPair(total, 2, this.#slots, rest + 2);
    return quotient(total);
  }

  /** The full block becomes the one before: each slot gets the sums from its trade to the end. */
  #turnOver(): void {
    const slots = this.#slots;
    for (let at = 4 * (this.#window - 2); at >= 0; at -= 4) {
      addPair(slots, at, slots, at + 4);
      addPair(slots, at + 2, slots, at + 6);
    }
    this.#sums.fill(0);
    this.#place = 0;
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

/** What rounding took from `a * b`, exactly (Dekker, Veltkamp). */
function productError(a: number, b: number): number {
  const cutA = splitter * a;
  const highA = cutA - (cutA - a);
  const lowA = a - highA;
  const cutB = splitter * b;
  const highB = cutB - (cutB - b);
  const lowB = b - highB;
  return lowA * lowB - (a * b - highA * highB - lowA * highB - highA * lowB);
}

/** Adds the pair at `from` to the one at `to`, both as high and low part (the accurate sum of the QD library). */
function addPair(target: Float64Array, to: number, source: Float64Array, from: number): void {
  const a = target[to] as number;
  const b = source[from] as number;
  const c = target[to + 1] as number;
  const d = source[from + 1] as number;
  const high = a + b;
  const part = high - a;
  const low = c + d;
  const lowPart = low - c;
  const first = a - (high - part) + (b - part) + low;
  const sum = high + first;
  const second = first - (sum - high) + (c - (low - lowPart) + (d - lowPart));
  const result = sum + second;
  target[to] = result;
  target[to + 1] = second - (result - sum);
}

/** The first pair divided by the second, rounded once; null when the second is 0. */
function quotient(sums: Float64Array): number | null {
  const high = sums[0] as number;
  const divisor = sums[2] as number;
  // A sum of volumes, none of them negative, is 0 only when each of them is.
  if (divisor === 0) return null;
  const first = high / divisor;
  const remainder =
    high - first * divisor - productError(first, divisor) + ((sums[1] as number) - first * (sums[3] as number));
  return first + remainder / divisor;
}
