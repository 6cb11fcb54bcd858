import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { split } from '../../operators/split.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { batched } from './arbitraries.ts';
import { check, operator } from './declared.ts';

const bySymbol = operator(split, '{ field: data, by: s }');
const run = (values: readonly unknown[], batchEnds: readonly number[] = []) =>
  runOperators([bySymbol], values, { batchEnds });

describe('split', () => {
  it('gives one message for each symbol of a frame, in the same envelope', async () => {
    const data = [
      { s: 'AAPL', p: 1 },
      { s: 'MSFT', p: 2 },
      { s: 'AAPL', p: 3, c: ['1'] },
    ];
    const { out, outcomes, context } = await run([{ type: 'trade', data, extra: 1 }]);
    expect(out.map(({ key, value, meta }) => ({ key, value, index: meta.index }))).toEqual([
      { key: 'AAPL', value: { type: 'trade', data: [data[0], data[2]], extra: 1 }, index: 0 },
      { key: 'MSFT', value: { type: 'trade', data: [data[1]], extra: 1 }, index: 1 },
    ]);
    expect(outcomes).toEqual([1]);
    expect(isBalanced(context)).toBe(true);
  });

  it('puts items that have no usable symbol into one message without a key', async () => {
    const data = [{ p: 0 }, { s: 'AAPL' }, null, { s: 7 }, 'x', { s: '' }, ['s']];
    const { out } = await run([{ data }]);
    expect(out.map(({ key, value }) => [key, (value as { data: unknown[] }).data])).toEqual([
      [null, data.filter((_, index) => index !== 1)],
      ['AAPL', [{ s: 'AAPL' }]],
    ]);
  });

  it('passes a gap message as it is', async () => {
    const gap = { type: 'gap', data: [], gap: { from: 1, to: 2, reason: 'cut', feed: 'finnhub' } };
    const { out, outcomes, context } = await run([gap, { type: 'trade', data: [] }, { ...gap, data: [{ s: 'AAPL' }] }]);
    expect(out.map(({ value }) => value)).toEqual([gap, { ...gap, data: [{ s: 'AAPL' }] }]);
    expect(outcomes).toEqual([1, 0, 1]);
    expect(isBalanced(context)).toBe(true);
  });

  it('filters an empty array, and rejects what has none', async () => {
    const { outcomes, context } = await run([{ data: [] }, {}, { data: { s: 'AAPL' } }, 'frame', null]);
    expect(outcomes).toEqual([0, 2, 2, 2, 2]);
    expect(context.rejections.map(({ message }) => message)).toEqual([
      'data: expected an array, got nothing',
      'data: expected an array, got {"s":"AAPL"}',
      'expected an object with named fields, got a string',
      'expected an object with named fields, got null',
    ]);
    expect(isBalanced(context)).toBe(true);
  });

  it('keeps every item once, in order within its group, however the input is batched', async () => {
    const item = fc.record({ s: fc.constantFrom('A', 'B', '__proto__', 'constructor', ''), n: fc.nat() });
    const frame = fc.record({ type: fc.constant('trade'), data: fc.array(item) });
    await fc.assert(
      fc.asyncProperty(batched(frame), async ({ values, batchEnds }) => {
        const { out, context } = await run(values, batchEnds);
        const expected = values.flatMap((value, offset) => {
          const symbols = [...new Set(value.data.map(({ s }) => s))];
          return symbols.map((symbol, index) => {
            const data = value.data.filter(({ s }) => s === symbol);
            return { key: symbol || null, value: { type: 'trade', data }, offset, index };
          });
        });
        const got = out.map(({ key, value, meta: { offset, index } }) => ({ key, value, offset, index }));
        expect(got).toEqual(expected);
        expect(isBalanced(context)).toBe(true);
      }),
    );
  });

  it('keeps the shape, and checks the array in it', () => {
    expect(check(split, '{ field: data, by: s }', { data: 'any' })).toEqual({ shape: { data: 'any' }, problems: [] });
    expect(check(split, '{ field: dta, by: s }', { data: 'any', type: 'string' }).problems).toEqual([
      'field: there is no field dta | did you mean data?',
    ]);
    expect(check(split, '{ field: type, by: s }', { type: 'string' }).problems).toEqual([
      'field: type is a string, expected any',
    ]);
  });
});
