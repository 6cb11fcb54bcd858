import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCalendar } from '../../operators/support/calendar-file.ts';
import type { WindowRule } from '../../operators/support/window.ts';
import { vwap } from '../../operators/vwap.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';
import { runOperators } from '../support/engine/operators.ts';
import { check, operator } from './declared.ts';
import { weightedError } from './exact.ts';
import { run } from './run-vwap.ts';
import { arrivals, heldBy } from './windows.ts';

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
