import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { map } from '../../operators/map.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { batched, trade } from './arbitraries.ts';
import { check, operator } from './declared.ts';

const line = "{ time: 'iso(time)', symbol: 'symbol', price: 'price', vwap: 'vwap' }";

describe('map', () => {
  it('builds a value with just its fields, in their order', async () => {
    const value = { vwap: null, price: 196.38, symbol: 'AAPL', time: 1763645598585, volume: 5 };
    const { out, context } = await runOperators([operator(map, line)], [value]);
    expect(JSON.stringify(out[0]?.value)).toBe(
      '{"time":"2025-11-20T13:33:18.585Z","symbol":"AAPL","price":196.38,"vwap":null}',
    );
    expect(isBalanced(context)).toBe(true);
  });

  it('rejects a message that lacks a field', async () => {
    const { outcomes, context } = await runOperators([operator(map, line)], [{ time: 1, symbol: 'A', price: 1 }]);
    expect(outcomes).toEqual([2]);
    expect(context.rejections.map(({ message }) => message)).toEqual(['"vwap": there is no field vwap']);
  });

  it('agrees with plain code, however the input is batched', async () => {
    const paid = operator(map, `{ paid: 'price * volume + 1.0', large: 'volume > 100', letters: 'size(symbol)' }`);
    await fc.assert(
      fc.asyncProperty(batched(trade), async ({ values, batchEnds }) => {
        const { out, context } = await runOperators([paid], values, { batchEnds });
        const expected = values.map(({ price, volume, symbol }) => {
          return { paid: price * volume + 1, large: volume > 100, letters: symbol.length };
        });
        expect(out.map(({ value }) => value)).toEqual(expected);
        expect(isBalanced(context)).toBe(true);
      }),
    );
  });

  it('gives the shape of its fields', () => {
    const shape = { price: 'decimal', time: 'date', x: 'any' } as const;
    expect(check(map, `{ p: price, t: 'iso(time)', later: 'time + 1.0', big: 'x > 1.0' }`, shape)).toEqual({
      shape: { p: 'decimal', t: 'string', later: 'number', big: 'boolean' },
      problems: [],
    });
    expect(check(map, `{ p: prcie, q: 'price * 2.0', r: '(' }`, shape).problems).toEqual([
      'p: there is no field prcie | did you mean price?',
      'q: * between text and a number | write numbers without quotes; double(x) converts text to a number',
      'r: "(": unexpected token: EOF at character 2',
    ]);
  });
});
