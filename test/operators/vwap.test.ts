import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RollingVwap } from '../../operators/support/rolling-vwap.ts';
import { vwap } from '../../operators/vwap.ts';
import { isBalanced } from '../support/engine/operators.ts';
import { batched, type Trade, trade } from './arbitraries.ts';
import { check } from './declared.ts';
import { weightedError } from './exact.ts';
import { run } from './run-vwap.ts';

type Tick = readonly [price: number, volume: number];

/** How far `got` is from the exact VWAP of the ticks, relative to it. */
function relativeError(ticks: readonly Tick[], got: number): number {
  return weightedError(
    ticks.map(([value, weight]) => ({ value, weight })),
    got,
  );
}

/** Checks every tick of a run against the exact answer for its window. */
function expectExact(window: number, ticks: readonly Tick[]): void {
  const rolling = new RollingVwap(window);
  for (const [index, [price, volume]] of ticks.entries()) {
    const got = rolling.add(price, volume);
    const shown = ticks.slice(Math.max(0, index + 1 - window), index + 1).filter(([, some]) => some > 0);
    expect(got === null).toBe(shown.length === 0);
    if (got === null) continue;
    const prices = shown.map(([paid]) => paid);
    expect(got).toBeGreaterThanOrEqual(Math.min(...prices));
    expect(got).toBeLessThanOrEqual(Math.max(...prices));
    expect(relativeError(shown, got)).toBeLessThanOrEqual(Number.EPSILON);
  }
}

const tick = trade.map(({ price, volume }): Tick => [price, volume]);

describe('vwap', () => {
  it('is Σ price × volume / Σ volume over the last trades of each key', async () => {
    const values: Trade[] = [
      { symbol: 'A', price: 10, volume: 1, time: 1 },
      { symbol: 'B', price: 5, volume: 2, time: 2 },
      { symbol: 'A', price: 20, volume: 3, time: 3 },
      { symbol: 'A', price: 40, volume: 1, time: 4 },
    ];
    const { out, outcomes, context } = await run('{ window: 2, by: symbol }', values);
    expect(out.map(({ value }) => value)).toEqual(
      [10, 5, 17.5, 25].map((expected, index) => ({ ...values[index], vwap: expected })),
    );
    expect(outcomes).toEqual([1, 1, 1, 1]);
    expect(isBalanced(context)).toBe(true);
  });

  it('is null while no trade of the window has volume', async () => {
    const values = [0, 0, 5, 0, 0].map((volume, time) => ({ symbol: 'A', price: 10 + time, volume, time }));
    const { out } = await run('{ window: 2, by: symbol, as: average }', values);
    expect(out.map(({ value }) => (value as { average: number }).average)).toEqual([null, null, 12, 12, null]);
  });

  it.each([1, 2, 3, 7, 50, 64, 65, 1000])('keeps no trace of a spike in a window of %i', (window) => {
    const dust: Tick[] = Array.from({ length: 2 * window + 3 }, (_, index) => [
      1e-6 * (1 + (index % 7)),
      1e-6 / (1 + (index % 3)),
    ]);
    for (const spike of [
      [1e9, 1e9],
      [1e9, 1],
      [1, 1e9],
      [1e15, 1e15],
    ] as const) {
      const ticks: Tick[] = [...dust.slice(0, window - 1), spike, ...dust];
      const rolling = new RollingVwap(window);
      const got = ticks.map(([price, volume]) => rolling.add(price, volume));
      for (const index of [window, 2 * window - 2, 2 * window - 1, 2 * window, ticks.length - 1]) {
        const shown = ticks.slice(Math.max(0, index + 1 - window), index + 1);
        expect(relativeError(shown, got[index] as number)).toBeLessThanOrEqual(Number.EPSILON);
      }
    }
  });

  it('is within one unit in the last place of the exact result, and of the prices in the window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.array(tick, { maxLength: 60 }), (window, ticks) =>
        expectExact(window, ticks),
      ),
    );
  });

  it('is the price itself while the price does not change', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(tick, { minLength: 1 }), (window, ticks) => {
        const rolling = new RollingVwap(window);
        for (const [, volume] of ticks) expect([196.38, null]).toContain(rolling.add(196.38, volume));
      }),
    );
  });

  it('takes negative prices', () => {
    const rolling = new RollingVwap(3);
    expect([rolling.add(-37.5, 2), rolling.add(10, 2), rolling.add(-10, 0)]).toEqual([-37.5, -13.75, -13.75]);
  });

  it('does not depend on how messages are batched, and keys do not touch one another', async () => {
    await fc.assert(
      fc.asyncProperty(batched(trade), async ({ values, batchEnds }) => {
        const whole = await run('{ window: 3, by: symbol }', values);
        const pieces = await run('{ window: 3, by: symbol }', values, batchEnds);
        expect(pieces.out.map(({ value }) => value)).toEqual(whole.out.map(({ value }) => value));
        const alone = await run(
          '{ window: 3, by: symbol }',
          values.filter(({ symbol }) => symbol === 'AAPL'),
        );
        const among = whole.out.map(({ value }) => value as Trade).filter(({ symbol }) => symbol === 'AAPL');
        expect(alone.out.map(({ value }) => value)).toEqual(among);
        expect(isBalanced(pieces.context)).toBe(true);
      }),
    );
  });

  it('rejects a message that is not a trade, and the others continue', async () => {
    const good = { symbol: 'A', price: 10, volume: 1 };
    const bad = [
      { price: 1, volume: 1 },
      { ...good, price: '10' },
      { ...good, volume: -1 },
      { ...good, price: 1e200 },
      7,
    ];
    const { out, outcomes, context } = await run('{ window: 2, by: symbol }', [good, ...bad, good]);
    expect(outcomes).toEqual([1, 2, 2, 2, 2, 2, 1]);
    expect(out.map(({ value }) => (value as { vwap: number }).vwap)).toEqual([10, 10]);
    expect(context.rejections.map(({ code }) => code)).toEqual(bad.map(() => 'FDP_MESSAGE_INVALID'));
    expect(context.rejections.map(({ message }) => message)).toEqual([
      'symbol: expected text, got nothing',
      'price: expected a number, got "10"',
      'volume: expected 0 or more, got -1',
      'price: expected 0 or a size from 1e-120 to 1e120, got 1e+200',
      'expected an object with named fields, got a number',
    ]);
    expect(isBalanced(context)).toBe(true);
  });

  it('forgets the key unused for longest, and counts it', async () => {
    const values = ['A', 'B', 'A', 'C', 'B'].map((symbol, index) => ({ symbol, price: index + 1, volume: 1 }));
    const { out, context } = await run('{ window: 9, by: symbol, max_keys: 2 }', values);
    expect(out.map(({ value }) => (value as { vwap: number }).vwap)).toEqual([1, 2, 2, 4, 5]);
    expect(context.node.extra).toEqual({ evicted: 2 });
  });

  it('adds its field to the shape, and finds what does not fit', () => {
    const shape = { symbol: 'any', price: 'any', volume: 'decimal' } as const;
    expect(check(vwap, '{ window: 50, by: symbl }', shape)).toEqual({
      shape: { ...shape, vwap: 'number' },
      problems: ['by: there is no field symbl | did you mean symbol?', 'volume: volume is a decimal, expected number'],
    });
    expect(check(vwap, '{ window: 1000000, by: symbol }', undefined).problems).toEqual([
      'max_keys: 10000 windows of 1000000 trades may use more than 1 GiB | set max_keys to 33 or less',
    ]);
  });
});
