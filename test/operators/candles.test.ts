import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candles } from '../../operators/candles.ts';
import { eligibility } from '../../operators/eligibility.ts';
import { durationMs } from '../../src/kit/units.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { check, operator, optionsOf } from './declared.ts';

const at = (text: string) => Date.parse(text);
const trade = { symbol: 'AAPL', price: 196.38, volume: 100, time: at('2025-07-03T13:30:59.999Z') };
const run = (yaml: string, values: readonly unknown[]) => runOperators([operator(candles, yaml)], values);

interface Merge {
  readonly by: { readonly key: string };
  readonly [part: string]: Readonly<Record<string, unknown>>;
}
const mergesOf = async (yaml: string, values: readonly unknown[]) =>
  (await run(yaml, values)).out.map(({ value }) => (value as { merge: Merge }).merge);

/** The bar that a time falls into: `1m 2025-07-03T13:30:00.000Z`. */
const barsOf = async (yaml: string, ...times: readonly string[]) => {
  const merges = await mergesOf(
    yaml,
    times.map((time) => ({ ...trade, time: at(time) })),
  );
  return merges.map(({ by }) => {
    const [, interval, start] = by.key.split('|');
    return `${interval} ${new Date(Number(start)).toISOString()}`;
  });
};

describe('candles', () => {
  it('gives the change that a trade makes to the row of its bar', async () => {
    const { out, context } = await run('{ every: [1m, 1h], calendar: XNYS, session: regular }', [trade]);
    const start = at('2025-07-03T13:30:00Z');
    expect(out.map(({ value }) => value)).toEqual([
      {
        merge: {
          by: { key: `AAPL|1m|${start}` },
          set_on_insert: { symbol: 'AAPL', interval: '1m', start },
          count: { trades: 1, late_trades: 0 },
          sum: { volume: 100, turnover: '19638.00', counted_volume: 100 },
          highest: { high: 196.38, last_at: trade.time },
          lowest: { low: 196.38, first_at: trade.time },
          first: { open: { value: 196.38, at: trade.time } },
          last: { close: { value: 196.38, at: trade.time } },
        },
      },
    ]);
    expect(isBalanced(context)).toBe(true);
    const made = Object.entries(candles.merges?.(optionsOf(candles, '{ every: [1m] }'))?.fields ?? {});
    const [merge] = await mergesOf('{ every: [1m] }', [trade]);
    for (const [field, kind] of made) expect(Object.keys(merge?.[kind] ?? {})).toContain(field);
    expect(made).toHaveLength(14);
  });

  it('counts bars from the start of the day of its calendar, whatever the length', async () => {
    const every = '[1s, 1m, 5m, 1h, 4h, 1d]';
    const stored = `{ every: ${every}, store: ${every}, calendar: XNYS }`;
    expect(await barsOf(stored, '2025-07-03T13:34:56.789Z')).toEqual([
      '1s 2025-07-03T13:34:56.000Z',
      '1m 2025-07-03T13:34:00.000Z',
      '5m 2025-07-03T13:30:00.000Z',
      '1h 2025-07-03T13:00:00.000Z',
      '4h 2025-07-03T12:00:00.000Z',
      '1d 2025-07-03T04:00:00.000Z',
    ]);
    const days = '{ every: [1d], calendar: XNYS }';
    expect(await barsOf(days, '2025-03-09T04:59:59Z', '2025-03-10T03:59:59Z', '2025-03-10T04:00:00Z')).toEqual([
      '1d 2025-03-08T05:00:00.000Z',
      '1d 2025-03-09T05:00:00.000Z',
      '1d 2025-03-10T04:00:00.000Z',
    ]);
    expect(await barsOf(days, '2025-11-03T04:59:59Z')).toEqual(['1d 2025-11-02T04:00:00.000Z']);
    const half = '{ every: [12h], calendar: XNYS }';
    expect(await barsOf(half, '2025-11-02T15:59:59Z', '2025-11-02T16:00:00Z', '2025-11-03T04:30:00Z')).toEqual([
      '12h 2025-11-02T04:00:00.000Z',
      '12h 2025-11-02T16:00:00.000Z',
      '12h 2025-11-03T04:00:00.000Z',
    ]);
    expect(await barsOf('{ every: [1d], calendar: FX }', '2025-11-23T22:00:00Z')).toEqual([
      '1d 2025-11-23T22:00:00.000Z',
    ]);
    expect(await barsOf('{ every: [90s, 3600s] }', '2025-07-03T00:02:59Z')).toEqual(['90s 2025-07-03T00:01:30.000Z']);
  });

  it('makes bars of the sessions that are asked for, and refuses a time that the calendar does not cover', async () => {
    const times = ['12:00', '13:30', '17:00', '21:00'].map((time) => `2025-07-03T${time}:00Z`);
    const kept = async (session: string) => {
      const bars = await barsOf(`{ every: [1m], calendar: XNYS, session: ${session} }`, ...times);
      return bars.map((bar) => bar.slice(14, 19));
    };
    expect(await kept('regular')).toEqual(['13:30']);
    expect(await kept('extended')).toEqual(['12:00', '13:30', '17:00']);
    expect(await kept('all')).toEqual(['12:00', '13:30', '17:00', '21:00']);
    const { outcomes, context } = await run('{ every: [1m], calendar: XNYS, session: regular }', [
      { ...trade, time: at('2025-07-03T12:00:00Z') },
      { ...trade, time: at('2028-07-03T14:00:00Z') },
    ]);
    expect(outcomes).toEqual([0, 2]);
    expect(context.rejections.map(({ message }) => message)).toEqual([
      'calendar XNYS has the years 2024 to 2027, got a time of 2028-07-03',
    ]);
  });

  it('counts a trade for what its conditions allow', async () => {
    const steps = [operator(eligibility, '{ rules: us-equities }'), operator(candles, '{ every: [1m] }')];
    const values = [['@'], ['I'], ['Z'], ['9'], ['M']].map((conditions) => ({ ...trade, conditions }));
    const { out, outcomes } = await runOperators(steps, values);
    expect(outcomes).toEqual([1, 1, 1, 1, 0]);
    const parts = out.map(({ value }) => {
      const { count, sum, highest, first } = (value as { merge: Merge }).merge;
      return [
        count?.['trades'],
        sum?.['volume'],
        sum?.['counted_volume'],
        highest?.['high'],
        first?.['open'] !== undefined,
      ];
    });
    expect(parts).toEqual([
      [1, 100, 100, 196.38, true],
      [1, 100, 0, undefined, false],
      [1, 100, 100, 196.38, false],
      [0, 0, 0, 196.38, true],
    ]);
  });

  it('counts as late what was received after the bar was closed, and rejects what is later than allowed', async () => {
    const end = at('2025-07-03T13:31:00Z');
    const values = [-1, 2000, 2001, 60_000, 60_001].map((after) => ({ ...trade, received: end + after }));
    const late = async (yaml: string) => (await mergesOf(yaml, values)).map(({ count }) => count?.['late_trades']);
    expect(await late('{ every: [1m] }')).toEqual([0, 0, 1, 1, 1]);
    expect(await late('{ every: [1m], close_after: 1m }')).toEqual([0, 0, 0, 0, 1]);
    expect(await late('{ every: [1m], received: seen }')).toEqual([0, 0, 0, 0, 0]);
    expect(await late('{ every: [1m, 1h], store: [1h] }')).toEqual([0, 0, 0, 0, 0]);
    const { outcomes, context } = await run('{ every: [1m, 1h], store: [1h, 1m], lateness: 1m }', values);
    expect(outcomes).toEqual([1, 1, 1, 1, 2]);
    expect(context.rejections.map(({ message }) => message)).toEqual([
      "time: received 60001 ms after its bar's end, lateness is 60000 ms",
    ]);
  });

  it('rejects messages that are not trades, and distinguishes symbols whatever is in them', async () => {
    const values = [
      { symbol: '' },
      { price: 'x' },
      { volume: -1 },
      { volume: '-0.5' },
      { time: '9:30' },
      { received: 'x' },
    ];
    const { outcomes } = await run(
      '{ every: [1m] }',
      values.map((wrong) => ({ ...trade, ...wrong })),
    );
    expect(outcomes).toEqual(values.map(() => 2));
    const odd = ['A|1m', 'A', '\\', 'A\\|1m'].map((symbol) => ({ ...trade, symbol }));
    const keys = (await mergesOf('{ every: [1m] }', odd)).map(({ by }) => by.key);
    expect(new Set(keys).size).toBe(4);
    expect(keys[0]).toBe(`A\\|1m|1m|${at('2025-07-03T13:30:00Z')}`);
  });

  it('every longer bar is made of whole shorter ones, on days of 23, 24 and 25 hours', async () => {
    const every = ['1s', '90s', '5m', '1h', '4h', '6h', '1d'];
    const yaml = `{ every: [${every}], store: [${every}], calendar: XNYS }`;
    const time = fc.integer({ min: at('2025-03-08'), max: at('2025-03-11') }).map((ms) => ms - (ms % 500));
    const shift = fc.constantFrom(0, at('2025-11-01') - at('2025-03-08'), at('2025-07-01') - at('2025-03-08'));
    const starts = async (...times: readonly number[]) => {
      const merges = await mergesOf(
        yaml,
        times.map((each) => ({ ...trade, time: each })),
      );
      return times.map((_, index) =>
        merges.slice(7 * index, 7 * index + 7).map((each) => Number(each['set_on_insert']?.['start'])),
      );
    };
    await fc.assert(
      fc.asyncProperty(time, shift, async (some, by) => {
        const [own = []] = await starts(some + by);
        for (const start of own) expect(start).toBeLessThanOrEqual(some + by);
        // The start of each bar lies in the same longer bars.
        const again = await starts(...own);
        for (const [shorter, each] of again.entries())
          for (const [longer, start] of own.entries())
            if (durationMs(every[longer] ?? '') % durationMs(every[shorter] ?? '') === 0)
              expect(each[longer]).toBe(start);
      }),
    );
  });

  it('is checked against the shape and the calendar; lengths divide a day, and are made of what is stored', () => {
    const shape = { symbol: 'string', price: 'number', volume: 'decimal', time: 'date' } as const;
    const problems = (yaml: string) => check(candles, yaml, shape).problems;
    expect(problems('{ every: [1s, 1m, 90s, 5m, 1h, 8h, 1d] }')).toEqual([]);
    expect(problems('{ every: [1m, 7m, 500ms, 2d, 25h] }')).toEqual(
      ['7m', '500ms', '2d', '25h'].map(
        (text, index) =>
          `every.${index + 1}: expected whole seconds that divide a day, such as 1m, 5m, 1h or 1d, got ${text}`,
      ),
    );
    expect(problems('{ every: [5m, 1h], store: [1m] }')).toEqual(['store.0: 1m is none of the lengths in every']);
    expect(problems('{ every: [4m, 90s, 1d], store: [4m] }')).toEqual([
      "every.1: bars of 90s can't be made of those that are stored (4m)",
    ]);
    expect(problems('{ every: [1m], price: prize, lateness: 1m, calendar: NYSE }')).toEqual([
      'price: there is no field prize | did you mean price?',
      'received: there is no field received | there are symbol, price, volume, time',
      'calendar: there is no calendar NYSE (there are FX, XNAS, XNYS, always; one of your own is named by its path: ./NYSE.yml)',
    ]);
  });
});
