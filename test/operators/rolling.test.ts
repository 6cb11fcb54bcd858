import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rolling } from '../../operators/rolling.ts';
import { readCalendar } from '../../operators/support/calendar-file.ts';
import type { WindowRule } from '../../operators/support/window.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { check, operator } from './declared.ts';
import { errorOf, exact } from './exact.ts';
import { type Arrival, arrivals, heldBy } from './windows.ts';

const run = (yaml: string, values: readonly unknown[], batchEnds?: readonly number[]) =>
  runOperators([operator(rolling, yaml)], values, batchEnds ? { batchEnds } : {});

type Row = Readonly<Record<string, number | null>>;
const rowsOf = async (yaml: string, values: readonly unknown[]) =>
  (await run(yaml, values)).out.map(({ value }) => value as Row);

const figures = '{ mean: mean, min: min, max: max, deviation: deviation, twap: twap, change: change }';
const one = exact(1);

/** The exact Σ and Σ² of the values. */
function powers(held: readonly Arrival[]): readonly [bigint, bigint] {
  const values = held.map(({ value }) => exact(value));
  return [values.reduce((sum, each) => sum + each, 0n), values.reduce((sum, each) => sum + each * each, 0n)];
}

/** Compares each figure with the exact one of what the window must hold. */
function expectFigures(row: Row | undefined, held: readonly Arrival[]): void {
  const { mean, min, max, deviation, twap, change } = row as Record<string, number>;
  const values = held.map(({ value }) => value);
  expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
  expect(change).toBe((values.at(-1) ?? 0) - (values[0] ?? 0));
  const count = BigInt(held.length);
  const [sum, squares] = powers(held);
  expect(errorOf(mean as number, sum, count * one)).toBeLessThanOrEqual(Number.EPSILON);
  const spread = count * squares - sum * sum;
  if (spread === 0n) expect(deviation).toBe(0);
  else
    expect(errorOf((deviation as number) ** 2, spread / one, count * count * one)).toBeLessThanOrEqual(
      5 * Number.EPSILON,
    );
  const ms = held.map(({ time }, index) => BigInt((held[index + 1]?.time ?? time) - time));
  const whole = ms.reduce((all, each) => all + each, 0n);
  const area = held.reduce((all, { value }, index) => all + exact(value) * (ms[index] ?? 0n), 0n);
  if (whole === 0n) expect(twap).toBe(values.at(-1));
  else expect(errorOf(twap as number, area, whole * one)).toBeLessThanOrEqual(Number.EPSILON);
}

describe('rolling', () => {
  const most = 1_000_000;
  const windows: readonly (readonly [string, WindowRule])[] = [
    ['window: 1', { by: 'count', count: 1 }],
    ['window: 7', { by: 'count', count: 7 }],
    ['window: 10ms', { by: 'time', ms: 10, most }],
    ['window: 5s', { by: 'time', ms: 5000, most }],
    ['window: { volume: 60 }', { by: 'weight', weight: 60, most }],
    ['window: session, calendar: XNYS', { by: 'session', calendar: readCalendar('XNYS') }],
    ['anchor: is_anchor', { by: 'anchor' }],
  ];
  const near = fc.integer({ min: 0, max: 9 }).map((steps) => 1e9 + steps * 2 ** -22);
  const price = fc.oneof(fc.double({ min: 0.01, max: 1000, noNaN: true }), fc.constantFrom(1e15, 1e-6, 196.38), near);
  const steady = fc.oneof(near, fc.constant(196.38));

  it.each(windows)('%s: each figure is that of the trades that the definition gives', async (yaml, rule) => {
    const some = fc.oneof(arrivals(price), arrivals(steady), arrivals(fc.constant(196.38)));
    await fc.assert(
      fc.asyncProperty(some, async (all) => {
        const values = all.map(({ time, value, weight, isAnchor }) => {
          return { symbol: 'A', price: value, volume: weight, time, is_anchor: isAnchor };
        });
        const rows = await rowsOf(`{ ${yaml}, by: symbol, fields: ${figures} }`, values);
        expect(rows).toHaveLength(values.length);
        for (const [index, row] of rows.entries()) {
          const held = heldBy(rule, all.slice(0, index + 1));
          if (held.length > 0) expectFigures(row, held);
          else expect([row['mean'], row['twap'], row['deviation']]).toEqual([null, null, null]);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('keeps no trace of a spike, and sees the smallest differences of large values', async () => {
    const values = [
      1e9,
      1e9 + 2 ** -22,
      1e15,
      ...Array.from({ length: 6 }, (_, index) => 1e9 + (index % 2) * 2 ** -22),
    ];
    const trades = values.map((each, time) => ({ symbol: 'A', price: each, time }));
    const rows = await rowsOf('{ window: 4, by: symbol, fields: { sd: deviation, mean: mean } }', trades);
    expect(rows[1]?.['sd']).toBe(2 ** -23);
    expect(rows.slice(6).map((row) => row['sd'])).toEqual([2 ** -23, 2 ** -23, 2 ** -23]);
    expect(rows.at(-1)?.['mean']).toBe(1e9 + 2 ** -23);
  });

  it('ema is what pandas computes, by number and by time', async () => {
    const text = readFileSync(join(import.meta.dirname, 'support/fixtures/ema.json'), 'utf8');
    const fixture = JSON.parse(text) as Record<'times' | 'values' | 'by_count' | 'by_time', readonly number[]>;
    const trades = fixture.values.map((price, index) => ({ symbol: 'A', price, time: fixture.times[index] }));
    // pandas takes the half-life in whole microseconds.
    for (const [yaml, wanted, digits] of [
      ['window: 7', fixture.by_count, 12],
      ['window: 5s', fixture.by_time, 5],
    ] as const) {
      const rows = await rowsOf(`{ ${yaml}, by: symbol, fields: { ema: ema } }`, trades);
      for (const [index, row] of rows.entries()) expect(row['ema']).toBeCloseTo(wanted[index] as number, digits);
    }
  });

  it('ema by time does not depend on the order in which trades arrive, and lies among them', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals(price, 30), async (all) => {
        const trades = all.map(({ time, value }) => ({ symbol: 'A', price: value, time }));
        const yaml = '{ window: 20ms, by: symbol, fields: { ema: ema, low: min } }';
        const sorted = [...trades].sort((a, b) => a.time - b.time);
        const [arrived, ordered] = await Promise.all([rowsOf(yaml, trades), rowsOf(yaml, sorted)]);
        const got = arrived.at(-1)?.['ema'] as number;
        const wanted = ordered.at(-1)?.['ema'] as number;
        expect(Math.abs(got - wanted)).toBeLessThanOrEqual(1e-12 * Math.abs(wanted));
        const newest = Math.max(...trades.map(({ time }) => time));
        const weights = trades.map(({ time }) => Math.exp((-2 * (newest - time)) / 20));
        const mean = trades.reduce((sum, each, index) => sum + each.price * (weights[index] ?? 0), 0);
        expect(got / (mean / weights.reduce((sum, each) => sum + each, 0))).toBeCloseTo(1, 10);
        expect(got).toBeGreaterThanOrEqual(Math.min(...trades.map((each) => each.price)));
        expect(got).toBeLessThanOrEqual(Math.max(...trades.map((each) => each.price)));
      }),
    );
  });

  it('keeps keys and lanes apart, however messages are batched, and rejects what has no number', async () => {
    const values = [
      { symbol: 'A', price: 10 },
      { symbol: 'B', price: 1 },
      { symbol: 'A', price: 'ten' },
      { symbol: 'A', price: 20 },
      { symbol: 'B', price: 3 },
    ];
    const yaml = '{ window: 2, by: symbol, fields: { average: mean } }';
    const whole = await run(yaml, values);
    expect(whole.outcomes).toEqual([1, 1, 2, 1, 1]);
    expect(whole.out.map(({ value }) => value)).toEqual([
      { ...values[0], average: 10 },
      { ...values[1], average: 1 },
      { ...values[3], average: 15 },
      { ...values[4], average: 2 },
    ]);
    expect(isBalanced(whole.context)).toBe(true);
    const pieces = await run(yaml, values, [1, 1, 3]);
    expect(pieces.out.map(({ value }) => value)).toEqual(whole.out.map(({ value }) => value));
  });

  it('adds its fields to the shape, and finds what does not fit', () => {
    const shape = { symbol: 'string', price: 'number', time: 'number' } as const;
    expect(check(rolling, '{ window: 5m, by: symbol, fields: { a: mean, b: ema } }', shape)).toEqual({
      shape: { ...shape, a: 'number', b: 'number' },
      problems: [],
    });
    expect(check(rolling, '{ window: { volume: 5 }, by: symbol, fields: { b: ema } }', shape).problems).toEqual([
      'volume: there is no field volume | there are symbol, price, time',
      'fields.b: an ema needs a window of a number of trades, or of a duration',
    ]);
    expect(check(rolling, '{ window: 1000000, by: symbol, fields: { a: deviation } }', undefined).problems).toEqual([
      'max_keys: 10000 windows of 1000000 trades may use more than 1 GiB | set max_keys to 9 or less',
    ]);
  });
});
