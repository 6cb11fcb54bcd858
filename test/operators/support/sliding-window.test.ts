import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Aggregate, Item } from '../../../operators/support/aggregate.ts';
import { SlidingWindow } from '../../../operators/support/sliding-window.ts';
import { seededChance } from '../../../src/kit/chance.ts';

const modulus = 1_000_003;

/** Number, first, last, and a hash of all values in order: any item that is missing, doubled or out of order shows. */
const ordered: Aggregate = {
  size: 5,
  isCommutative: false,
  put(target, to, { value }) {
    target.set([1, value, value, value % modulus, 31], to);
  },
  join(target, to, left, at, right, from) {
    const power = right[from + 4] as number;
    target.set(
      [
        (left[at] as number) + (right[from] as number),
        left[at + 1] as number,
        right[from + 2] as number,
        ((left[at + 3] as number) * power + (right[from + 3] as number)) % modulus,
        ((left[at + 4] as number) * power) % modulus,
      ],
      to,
    );
  },
};

/** Exact sums of integers. */
const sum: Aggregate = {
  size: 1,
  isCommutative: true,
  put(target, to, { value }) {
    target[to] = value;
  },
  join(target, to, left, at, right, from) {
    target[to] = (left[at] as number) + (right[from] as number);
  },
};

function expected(aggregate: Aggregate, items: readonly Item[]): readonly number[] | undefined {
  const total = new Float64Array(aggregate.size);
  const one = new Float64Array(aggregate.size);
  for (const [index, item] of items.entries()) {
    aggregate.put(index === 0 ? total : one, 0, item);
    if (index > 0) aggregate.join(total, 0, total, 0, one, 0);
  }
  return items.length === 0 ? undefined : [...total];
}

interface Run {
  readonly seed: number;
  readonly steps: number;
  /** How many of the items are late, and by how many ms at most. */
  readonly late: number;
  readonly lateness: number;
  /** Items that the window holds. */
  readonly width: number;
}

/** Adds and removes at random around a width, and compares with a sorted list after each step. */
function expectSame(aggregate: Aggregate, { seed, steps, late, lateness, width }: Run): void {
  const chance = seededChance(seed);
  const window = new SlidingWindow(aggregate);
  const list: Item[] = [];
  const target = new Float64Array(aggregate.size);
  const got = (withoutFirst: boolean) => (window.total(target, withoutFirst) ? [...target] : undefined);
  let now = 0;
  for (let value = 0; value < steps; value++) {
    now += Math.floor(chance.next() * 3);
    const time = chance.next() < late ? now - Math.floor(chance.next() * lateness) : now;
    const at = list.findLastIndex((each) => each.time <= time) + 1;
    list.splice(at, 0, { time, value, weight: 1 });
    window.add({ time, value, weight: 1 });
    const wanted = Math.max(0, width + Math.floor((chance.next() - 0.5) * 4));
    for (; list.length > wanted; list.shift()) window.removeFirst();
    expect(window.size).toBe(list.length);
    expect(window.firstTime).toBe(list[0]?.time);
    if (value % 29 > 0 && width > 20) continue;
    expect(got(false)).toEqual(expected(aggregate, list));
    if (chance.next() < 0.5) expect(got(true)).toEqual(expected(aggregate, list.slice(1)));
  }
}

describe('a sliding window', () => {
  const run = fc.record({
    seed: fc.integer(),
    steps: fc.integer({ min: 1, max: 300 }),
    late: fc.constantFrom(0, 0.1, 0.9),
    lateness: fc.constantFrom(2, 20, 1000),
    width: fc.integer({ min: 0, max: 20 }),
  });
  const long = fc.record({
    seed: fc.integer(),
    steps: fc.constant(3000),
    late: fc.constantFrom(0.02, 0.5, 1),
    lateness: fc.constantFrom(20, 1000, 5000),
    width: fc.constantFrom(255, 256, 257, 700, 1500),
  });

  it.each([
    ['in order', ordered],
    ['in any order', sum],
  ])('holds what a sorted list holds, joined %s', (_name, aggregate) => {
    fc.assert(
      fc.property(run, (each) => expectSame(aggregate, each)),
      { numRuns: 50 },
    );
    fc.assert(
      fc.property(long, (each) => expectSame(aggregate, each)),
      { numRuns: 8 },
    );
  });

  it('puts a late item into a full first block of the front, which is split', () => {
    for (const time of [50, 200, 255]) {
      const window = new SlidingWindow(ordered);
      const items = Array.from({ length: 256 }, (_, at): Item => ({ time: 2 * at, value: at, weight: 1 }));
      for (const item of items) window.add(item);
      const target = new Float64Array(ordered.size);
      window.total(target, true);
      const late = { time: 2 * time, value: 1000, weight: 1 };
      window.add(late);
      window.total(target);
      expect([...target]).toEqual(expected(ordered, [...items.slice(0, time + 1), late, ...items.slice(time + 1)]));
    }
  });

  it('joins a few times for an item in order, however many it holds', () => {
    const joins = [10, 1000, 100_000].map((width) => {
      let count = 0;
      const counting: Aggregate = {
        ...sum,
        join(...args) {
          count++;
          sum.join(...args);
        },
      };
      const window = new SlidingWindow(counting);
      const target = new Float64Array(1);
      const steps = 3 * width;
      for (let time = 0; time < steps; time++) {
        window.add({ time, value: 1, weight: 1 });
        if (window.size > width) window.removeFirst();
        window.total(target);
      }
      return count / steps;
    });
    for (const each of joins) expect(each).toBeLessThanOrEqual(6);
  });

  it('joins some hundred times for a late item, however many it holds and however late it is', () => {
    for (const width of [1000, 30_000]) {
      let count = 0;
      const counting: Aggregate = {
        ...ordered,
        join(...args) {
          count++;
          ordered.join(...args);
        },
      };
      const window = new SlidingWindow(counting);
      const chance = seededChance(1);
      for (let time = 0; time < width; time++) window.add({ time: 10 * time, value: 1, weight: 1 });
      count = 0;
      const late = 500;
      for (let index = 0; index < late; index++) {
        window.add({ time: Math.floor(chance.next() * 10 * width), value: 1, weight: 1 });
        window.removeFirst();
      }
      // A block has up to 256 items, and there are width / 128 blocks at most.
      expect(count / late).toBeLessThanOrEqual(2 * 256 + width / 128 + (2 * width) / late);
    }
  });
});
