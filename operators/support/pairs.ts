// Pairs of doubles, high and low part in neighbouring slots of an array: together some 106 bits.

/**
 * Numbers that pairs are made of are 0, or of a size between 1e-120 and 1e120: so no product or error term leaves the
 * doubles.
 */
export const largestSize = 1e120;

/** Dekker's constant for 53 bits: splits a double into two halves whose products are exact. */
const splitter = 2 ** 27 + 1;

/** The exact rounding error of `a * b` (Dekker, Veltkamp). */
export function productError(a: number, b: number): number {
  const splitA = splitter * a;
  const highA = splitA - (splitA - a);
  const lowA = a - highA;
  const splitB = splitter * b;
  const highB = splitB - (splitB - b);
  const lowB = b - highB;
  return lowA * lowB - (a * b - highA * highB - lowA * highB - highA * lowB);
}

/** Puts the sum of two pairs into a third place, which may be one of theirs (the accurate sum of the QD library). */
export function addPairs(
  target: Float64Array,
  to: number,
  left: Float64Array,
  at: number,
  right: Float64Array,
  from: number,
): void {
  addTo(target, to, left[at] as number, left[at + 1] as number, right[from] as number, right[from + 1] as number);
}

/** Adds a pair that is given as two numbers to the one at `to`. */
export function addNumbers(target: Float64Array, to: number, high: number, low: number): void {
  addTo(target, to, target[to] as number, target[to + 1] as number, high, low);
}

function addTo(target: Float64Array, to: number, a: number, c: number, b: number, d: number): void {
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

/** One pair divided by another whose high part is not 0, rounded once. */
export function quotient(sums: Float64Array, at: number, divisors: Float64Array, by: number): number {
  const high = sums[at] as number;
  const divisor = divisors[by] as number;
  const first = high / divisor;
  const remainder =
    high -
    first * divisor -
    productError(first, divisor) +
    ((sums[at + 1] as number) - first * (divisors[by + 1] as number));
  return first + remainder / divisor;
}
