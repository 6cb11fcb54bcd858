import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCalendar } from '../../operators/support/calendar-file.ts';
import { RollingVwap } from '../../operators/support/rolling-vwap.ts';
import type { WindowRule } from '../../operators/support/window.ts';
import { vwap } from '../../operators/vwap.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { batched, type Trade, trade } from './arbitraries.ts';
import { check, operator } from './declared.ts';
import { weightedError } from './exact.ts';
import { arrivals, heldBy } from './windows.ts';

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
const run = (yaml: string, values: readonly unknown[], batchEnds?: readonly number[]) =>
  runOperators([operator(vwap, yaml)], values, batchEnds ? { batchEnds } : {});

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

describe('the window of vwap', () => {
  const most = 1_000_000;
  const windows: readonly (readonly [string, WindowRule])[] = [
    ['window: 1', { by: 'count', count: 1 }],
    ['window: 7', { by: 'count', count: 7 }],
    ['window: 1ms', { by: 'time', ms: 1, most }],
    ['window: 10ms', { by: 'time', ms: 10, most }],
    ['window: 5s', { by: 'time', ms: 5000, most }],
    ['window: { volume: 60 }', { by: 'weight', weight: 60, most }],
    ['window: { volume: 0.3 }', { by: 'weight', weight: 0.3, most }],
    ['window: session', { by: 'session', calendar: readCalendar('always') }],
    ['window: session, calendar: XNYS', { by: 'session', calendar: readCalendar('XNYS') }],
    ['anchor: is_anchor', { by: 'anchor' }],
  ];
  const price = fc.oneof(fc.double({ min: 0.01, max: 1000, noNaN: true }), fc.constantFrom(1e9, 1e-6, 196.38));

  it.each(windows)('%s: exact, of the trades that the definition gives', async (yaml, rule) => {
    await fc.assert(
      fc.asyncProperty(arrivals(price), fc.constantFrom(0, 1000), async (all, pause) => {
        // With pauses of up to a minute a thousandfold the trades pass over days and sessions.
        const dated = all.map((each) => ({ ...each, time: each.time + (each.time % 1000) * 3600 * pause }));
        const values = dated.map(({ time, value, weight, isAnchor }) => {
          return { symbol: 'A', price: value, volume: weight, time, is_anchor: isAnchor };
        });
        const { out, context } = await run(`{ ${yaml}, by: symbol }`, values);
        expect(context.rejections).toEqual([]);
        for (const [index, { value }] of out.entries()) {
          const got = (value as { vwap: number | null }).vwap;
          const held = heldBy(rule, dated.slice(0, index + 1)).filter(({ weight }) => weight > 0);
          expect(got === null).toBe(held.length === 0);
          if (got === null) continue;
          expect(weightedError(held, got)).toBeLessThanOrEqual(Number.EPSILON);
          expect(got).toBeGreaterThanOrEqual(Math.min(...held.map((each) => each.value)));
          expect(got).toBeLessThanOrEqual(Math.max(...held.map((each) => each.value)));
        }
      }),
      { numRuns: 40 },
    );
  });

  const at = (text: string) => Date.parse(`2025-07-03T${text}Z`);
  const vwaps = async (yaml: string, trades: readonly (readonly [time: number, price: number, volume: number])[]) => {
    const values = trades.map(([time, paid, volume]) => ({ symbol: 'A', time, price: paid, volume }));
    const { out } = await run(`{ ${yaml}, by: symbol }`, values);
    return out.map(({ value }) => (value as { vwap: number | null }).vwap);
  };

  it('by time: a trade as old as the window is out, one that comes late is in, one that comes too late is not', async () => {
    const trades = [
      [1000, 10, 1],
      [2000, 20, 1],
      [1500, 30, 1],
      [2500, 40, 1],
      [1500, 1e9, 1],
      [2500, 70, 1],
    ] as const;
    expect(await vwaps('window: 1s', trades)).toEqual([10, 20, 25, 30, 30, 130 / 3]);
  });

  it('of a session: starts again where the calendar says, also on a day that closes early', async () => {
    const trades = [
      [at('13:29:59.999'), 10, 1],
      [at('13:30:00.000'), 20, 1],
      [at('16:59:59.999'), 40, 1],
      [at('17:00:00.000'), 70, 1],
      [at('16:00:00.000'), 1e9, 1],
      [at('17:00:00.001'), 90, 1],
    ] as const;
    expect(await vwaps('window: session, calendar: XNYS', trades)).toEqual([10, 20, 30, 70, 70, 80]);
  });

  it('rejects a trade that the calendar does not cover, and continues', async () => {
    const values = ['2023-12-29', '2025-07-03'].map((day) => {
      return { symbol: 'A', time: Date.parse(`${day}T15:00:00Z`), price: 10, volume: 1 };
    });
    const { outcomes, context } = await run('{ window: session, calendar: XNYS, by: symbol }', values);
    expect(outcomes).toEqual([2, 1]);
    expect(context.rejections.map(({ message }) => message)).toEqual([
      'calendar XNYS has the years 2024 to 2027, got a time of 2023-12-29',
    ]);
  });

  it('holds at most max_trades, and reports that it is too short', async () => {
    const environment = testEnvironment();
    const values = [1, 2, 3, 4].map((time) => ({ symbol: 'A', time, price: 10 * time, volume: 1 }));
    const { out, context } = await runOperators([operator(vwap, '{ window: 1m, by: symbol, max_trades: 2 }')], values, {
      context: operatorContext(environment),
    });
    expect(out.map(({ value }) => (value as { vwap: number }).vwap)).toEqual([10, 15, 25, 35]);
    expect(context.node.extra).toEqual({ shortened: 2 });
    expect(environment.log.lines.map(({ text }) => text)).toEqual([
      'test: a window holds 2 trades, the most that max_trades allows: it is shorter than it should be',
    ]);
  });

  it('is checked with the fields that it is made from', () => {
    const shape = { symbol: 'string', price: 'number', volume: 'number', at: 'number' } as const;
    const problems = (yaml: string) => check(vwap, `{ ${yaml}, by: symbol }`, shape).problems;
    expect(problems('window: 50')).toEqual([]);
    expect(problems('window: 5m')).toEqual(['time: there is no field time | there are symbol, price, volume, at']);
    expect(problems('window: 5m, time: at')).toEqual([]);
    expect(problems('window: 0ms, time: at')).toEqual(['window: expected at least 1ms']);
    expect(problems('window: session, time: at, calendar: XNSY')).toEqual([
      'calendar: there is no calendar XNSY (did you mean XNYS?; one of your own is named by its path: ./XNSY.yml)',
    ]);
    expect(problems('window: 5m, time: at, calendar: XNYS')).toEqual([
      'calendar: is used by `window: session` only | leave it out, or say `window: session`',
    ]);
    expect(problems('anchor: price, time: at')).toEqual(['anchor: is a number, expected true or false']);
    expect(() => problems('window: 5m, anchor: "true"')).toThrow();
    expect(() => problems('price: price')).toThrow();
  });
});
