import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { require } from '../../operators/require.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { batched, type Trade, trade } from './arbitraries.ts';
import { check, operator } from './declared.ts';

const source =
  'price > 0.0 && price < 1e15 && volume >= 0.0 && volume < 1e15 && time > 0.0 && time < 4.1e12 && symbol.matches("^[A-Za-z0-9:._/^= -]{1,40}$")';
const valid = operator(require, JSON.stringify(source));
const good: Trade = { symbol: 'BINANCE:BTCUSDT', price: 1, volume: 0, time: 1 };

describe('require', () => {
  it('lets pass what is true, and rejects the rest with the part that failed and its values', async () => {
    const bad = [
      { ...good, price: -1 },
      { ...good, volume: '5' },
      { ...good, symbol: '<script>'.repeat(20) },
      { ...good, time: null },
      { symbol: 'A', price: 1, volume: 1 },
      { ...good, price: Number.NaN },
    ];
    const { out, outcomes, context } = await runOperators([valid], [good, ...bad, good]);
    expect(out.map(({ value }) => value)).toEqual([good, good]);
    expect(outcomes).toEqual([1, 2, 2, 2, 2, 2, 2, 1]);
    expect(context.rejections.map(({ message }) => message)).toEqual([
      'not true: price > 0.0 (price = -1)',
      '"volume >= 0.0": volume: expected a number, got text "5"',
      `not true: symbol.matches("^[A-Za-z0-9:._/^= -]{1,40}$") (symbol = ${JSON.stringify('<script>'.repeat(20)).slice(0, 39)}…)`,
      '"time > 0.0": time: expected a number, got null',
      '"time > 0.0": there is no field time',
      'not true: price > 0.0 (price = null)',
    ]);
    expect(new Set(context.rejections.map(({ code }) => code))).toEqual(new Set(['FDP_MESSAGE_INVALID']));
    expect(isBalanced(context)).toBe(true);
  });

  it('rejects what gives no boolean', async () => {
    const { context } = await runOperators([operator(require, 'price')], [good]);
    expect(context.rejections.map(({ message }) => message)).toEqual(['not true: price (price = 1)']);
  });

  it('rejects one message for another cause than its neighbour', async () => {
    const { context } = await runOperators([operator(require, '"price > 5.0 ||\n  volume > 5.0"')], [good]);
    expect(context.rejections[0]?.message).toBe('not true: price > 5.0 || volume > 5.0 (price = 1, volume = 0)');
  });

  it('agrees with plain code, however the input is batched', async () => {
    await fc.assert(
      fc.asyncProperty(batched(trade), async ({ values, batchEnds }) => {
        const { out, context } = await runOperators([operator(require, 'price > 1.0 && volume < 100.0')], values, {
          batchEnds,
        });
        const passing = values.filter(({ price, volume }) => price > 1 && volume < 100);
        expect(out.map(({ value }) => value)).toEqual(passing);
        expect(isBalanced(context)).toBe(true);
      }),
    );
  });

  it('is checked against the shape', () => {
    const shape = { price: 'number', symbol: 'string' } as const;
    expect(check(require, 'price > 0.0', shape)).toEqual({ shape, problems: [] });
    expect(check(require, 'prce > 0.0', shape).problems).toEqual([': there is no field prce | did you mean price?']);
    expect(check(require, 'price * 2', shape).problems).toEqual([
      ': 2 beside * is an integer, and numbers are doubles | write 2.0',
    ]);
    expect(check(require, 'symbol', shape).problems).toEqual([': is a string, expected true or false']);
  });
});
