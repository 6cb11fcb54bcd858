import { type Aggregate, together } from './aggregate.ts';
import { addNumbers, addPairs, productError, quotient } from './pairs.ts';

/** A figure that is made of the aggregate of a window. */
interface Statistic {
  readonly aggregate: Aggregate;
  /** The figure of what lies at `at`. */
  read(target: Float64Array, at: number): number;
}

/** How many there are, and the sum of their values as a pair. */
const mean: Statistic = {
  aggregate: {
    size: 4,
    isCommutative: true,
    put(target, to, { value }) {
      target[to] = value;
      target[to + 1] = 0;
      target[to + 2] = 1;
      target[to + 3] = 0;
    },
    join(target, to, left, at, right, from) {
      addPairs(target, to, left, at, right, from);
      target[to + 2] = (left[at + 2] as number) + (right[from + 2] as number);
      target[to + 3] = 0;
    },
  },
  read: (target, at) => quotient(target, at, target, at + 2),
};

const min = extreme(Math.min);
const max = extreme(Math.max);

function extreme(of: (a: number, b: number) => number): Statistic {
  return {
    aggregate: {
      size: 1,
      isCommutative: true,
      put(target, to, { value }) {
        target[to] = value;
      },
      join(target, to, left, at, right, from) {
        target[to] = of(left[at] as number, right[from] as number);
      },
    },
    read: (target, at) => target[at] as number,
  };
}

/**
 * The standard deviation of all values of the window (of a population, not of a sample).
 *
 * Kept: how many there are, the value of the first, and of the differences from it the sum and the sum of squares, as
 * pairs. Since the first is one of them, what is lost where the two sums are subtracted is bounded by their number, however
 * large the values and however small their differences are.
 */
const deviation: Statistic = {
  aggregate: {
    size: 6,
    isCommutative: false,
    put(target, to, { value }) {
      target.fill(0, to, to + 6);
      target[to] = 1;
      target[to + 1] = value;
    },
    join: joinMoments,
  },
  read(target, at) {
    const count = target[at] as number;
    const high = target[at + 2] as number;
    const low = target[at + 3] as number;
    // Σd² - (Σd)² / n
    scratch[0] = target[at + 4] as number;
    scratch[1] = target[at + 5] as number;
    scratch[2] = high * high;
    scratch[3] = productError(high, high) + 2 * high * low;
    scratch[4] = count;
    scratch[5] = 0;
    const square = quotient(scratch, 2, scratch, 4);
    const rest = scratch[2] - square * count - productError(square, count) + scratch[3];
    addNumbers(scratch, 0, -square, -rest / count);
    return Math.sqrt(Math.max(0, scratch[0] + scratch[1]) / count);
  },
};

const scratch = new Float64Array(6);

function joinMoments(
  target: Float64Array,
  to: number,
  left: Float64Array,
  at: number,
  right: Float64Array,
  from: number,
): void {
  const count = right[from] as number;
  const first = left[at + 1] as number;
  const other = right[from + 1] as number;
  // The difference of the two first values, exactly (Knuth).
  const shift = other - first;
  const part = shift - other;
  const shiftLow = other - (shift - part) - (first + part);
  const sum = right[from + 2] as number;
  const sumLow = right[from + 3] as number;
  // The differences from the other first value become those from this one: d + shift.
  scratch[0] = right[from + 4] as number;
  scratch[1] = right[from + 5] as number;
  if (shift !== 0) {
    addProduct(2 * shift, 2 * shiftLow, sum, sumLow);
    scratch[2] = shift * shift;
    scratch[3] = productError(shift, shift) + 2 * shift * shiftLow;
    addProduct(scratch[2], scratch[3], count, 0);
  }
  scratch[2] = shift * count;
  scratch[3] = productError(shift, count) + shiftLow * count;
  addNumbers(scratch, 2, sum, sumLow);
  addPairs(target, to + 4, left, at + 4, scratch, 0);
  addPairs(target, to + 2, left, at + 2, scratch, 2);
  target[to] = (left[at] as number) + count;
  target[to + 1] = first;
}

/** Adds the product of two pairs to the first pair of the scratch. */
function addProduct(a: number, aLow: number, b: number, bLow: number): void {
  addNumbers(scratch, 0, a * b, productError(a, b) + (a * bLow + aLow * b));
}

/**
 * The mean of the values, each weighted by the time until the next one: the newest weighs nothing. The newest value where
 * all have the same time. Kept: the first and the last time, the last value, and the sum as a pair.
 */
const twap: Statistic = {
  aggregate: {
    size: 5,
    isCommutative: false,
    put(target, to, { time, value }) {
      target[to] = time;
      target[to + 1] = time;
      target[to + 2] = value;
      target[to + 3] = 0;
      target[to + 4] = 0;
    },
    join(target, to, left, at, right, from) {
      const value = left[at + 2] as number;
      const ms = (right[from] as number) - (left[at + 1] as number);
      scratch[0] = value * ms;
      scratch[1] = productError(value, ms);
      addPairs(scratch, 0, scratch, 0, left, at + 3);
      addPairs(target, to + 3, scratch, 0, right, from + 3);
      target[to] = left[at] as number;
      target[to + 1] = right[from + 1] as number;
      target[to + 2] = right[from + 2] as number;
    },
  },
  read(target, at) {
    scratch[0] = (target[at + 1] as number) - (target[at] as number);
    scratch[1] = 0;
    return scratch[0] === 0 ? (target[at + 2] as number) : quotient(target, at + 3, scratch, 0);
  },
};

/** The last value minus the first. */
const change: Statistic = {
  aggregate: {
    size: 2,
    isCommutative: false,
    put(target, to, { value }) {
      target[to] = value;
      target[to + 1] = value;
    },
    join(target, to, left, at, right, from) {
      const last = right[from + 1] as number;
      target[to] = left[at] as number;
      target[to + 1] = last;
    },
  },
  read: (target, at) => (target[at + 1] as number) - (target[at] as number),
};

const statistics = { mean, min, max, deviation, twap, change };

/** Figures of a window, by name. */
export const statisticNames = [
  'mean',
  'min',
  'max',
  'deviation',
  'twap',
  'change',
] as const satisfies readonly (keyof typeof statistics)[];

export type StatisticName = (typeof statisticNames)[number];

/** Several figures of one window. */
export interface Figures {
  readonly aggregate: Aggregate;
  /** In the order of the names. */
  read(target: Float64Array): readonly number[];
}

export function figures(names: readonly StatisticName[]): Figures {
  const all = names.map((name) => statistics[name]);
  const starts = all.map((_, index) => all.slice(0, index).reduce((sum, { aggregate }) => sum + aggregate.size, 0));
  return {
    aggregate: together(all.map(({ aggregate }) => aggregate)),
    read: (target) => all.map((each, index) => each.read(target, starts[index] as number)),
  };
}
