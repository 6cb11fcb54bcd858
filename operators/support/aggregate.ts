import { addPairs, productError, quotient } from './pairs.ts';

/** A summary of the items of a window. Neighbouring aggregates are joined; nothing is ever subtracted. */
export interface Aggregate {
  /** Doubles that it takes. */
  readonly size: number;
  /** True when the order of the items does not matter. */
  readonly isCommutative: boolean;
  /** The aggregate of one item. */
  put(target: Float64Array, to: number, item: Item): void;
  /** Joins the aggregates at `left` and `right`, in this order; the target may be one of the two. */
  join(target: Float64Array, to: number, left: Float64Array, at: number, right: Float64Array, from: number): void;
}

/** An item of a window. */
export interface Item {
  /** Unix ms. */
  time: number;
  value: number;
  weight: number;
}

/** Σ value × weight and Σ weight, both as pairs. */
export const weightedSum: Aggregate = {
  size: 4,
  isCommutative: true,
  put(target, to, { value, weight }) {
    target[to] = value * weight;
    target[to + 1] = productError(value, weight);
    target[to + 2] = weight;
    target[to + 3] = 0;
  },
  join(target, to, left, at, right, from) {
    addPairs(target, to, left, at, right, from);
    addPairs(target, to + 2, left, at + 2, right, from + 2);
  },
};

/** Σ weight, as a pair. */
export const weightSum: Aggregate = {
  size: 2,
  isCommutative: true,
  put(target, to, { weight }) {
    target[to] = weight;
    target[to + 1] = 0;
  },
  join: addPairs,
};

/** Several aggregates, one behind the other. */
export function together(parts: readonly Aggregate[]): Aggregate {
  const starts = parts.map((_, index) => parts.slice(0, index).reduce((sum, { size }) => sum + size, 0));
  const all = parts.map((part, index) => ({ part, start: starts[index] ?? 0 }));
  return {
    size: parts.reduce((sum, { size }) => sum + size, 0),
    isCommutative: parts.every(({ isCommutative }) => isCommutative),
    put(target, to, item) {
      for (const { part, start } of all) part.put(target, to + start, item);
    },
    join(target, to, left, at, right, from) {
      for (const { part, start } of all) part.join(target, to + start, left, at + start, right, from + start);
    },
  };
}

/**
 * Σ value × weight / Σ weight, null while all weights are 0: within one unit in the last place for values of one sign,
 * and never outside the lowest and highest of those with a weight.
 */
export function weightedMean(sums: Float64Array, at = 0): number | null {
  // A sum of weights, none of them negative, is 0 only when each of them is.
  return sums[at + 2] === 0 ? null : quotient(sums, at, sums, at + 2);
}
