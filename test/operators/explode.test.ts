import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explode } from '../../operators/explode.ts';
import { split } from '../../operators/split.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { batched } from './arbitraries.ts';
import { check, operator } from './declared.ts';

const trades = operator(explode, '{ field: data, as: { symbol: s, price: p } }');

describe('explode', () => {
  it('gives one message for each item, with its place and the named fields', async () => {
    const values = [{ data: [{ s: 'AAPL', p: 1, v: 9 }, { s: 'MSFT' }] }, { data: [{ p: 3 }] }];
    const { out, outcomes, context } = await runOperators([trades], values);
    expect(out.map(({ value, meta: { offset, index } }) => ({ value, offset, index }))).toEqual([
      { value: { symbol: 'AAPL', price: 1 }, offset: 0, index: 0 },
      { value: { symbol: 'MSFT' }, offset: 0, index: 1 },
      { value: { price: 3 }, offset: 1, index: 0 },
    ]);
    expect(outcomes).toEqual([1, 1]);
    expect(isBalanced(context)).toBe(true);
  });

  it('filters a gap message, and rejects nothing', async () => {
    const gap = { type: 'gap', data: [], gap: { from: 1, reason: 'cut', feed: 'finnhub' } };
    const { out, outcomes, context } = await runOperators([trades], [gap]);
    expect([out, outcomes, context.rejections]).toEqual([[], [0], []]);
  });

  it('gives the items themselves when no fields are named', async () => {
    const { out } = await runOperators([operator(explode, '{ field: data }')], [{ data: [1, null, { s: 1 }] }]);
    expect(out.map(({ value }) => value)).toEqual([1, null, { s: 1 }]);
  });

  it('takes templates from the message: when it was received, and its origin', async () => {
    const dated = operator(explode, '{ field: data, as: { p: p, received: "{received}", at: "{topic}-{offset}" } }');
    const { out } = await runOperators([dated], [{ data: [{ p: 1, received: 9 }, { p: 2 }] }]);
    const timestamp = out[0]?.timestamp;
    expect(timestamp).toEqual(expect.any(Number));
    expect(out.map(({ value }) => value)).toEqual([1, 2].map((p) => ({ p, received: timestamp, at: 'topic-0' })));
    expect(check(explode, '{ field: data, as: { p: p, received: "{received}" } }', undefined).shape).toEqual({
      p: 'any',
      received: 'number',
    });
    expect(check(explode, '{ field: data, as: { x: "{recieved}" } }', { data: 'any' }).problems).toEqual([
      'as.x: there is no field recieved | did you mean received?',
    ]);
  });

  it('keeps the key', async () => {
    const { out } = await runOperators(
      [operator(split, '{ field: data, by: s }'), trades],
      [{ data: [{ s: 'AAPL' }] }],
    );
    expect(out.map(({ key, value }) => [key, value])).toEqual([['AAPL', { symbol: 'AAPL' }]]);
  });

  it('takes nothing that an item only inherits', async () => {
    const inherited = operator(explode, '{ field: data, as: { a: constructor, b: toString } }');
    const { out } = await runOperators([inherited], [{ data: [{}, [], 'text', 7, null] }]);
    expect(out.map(({ value }) => value)).toEqual([{}, {}, {}, {}, {}]);
  });

  it('filters an empty array, and rejects what has none', async () => {
    const { outcomes, context } = await runOperators([trades], [{ data: [] }, { data: 'x' }, {}, 5]);
    expect(outcomes).toEqual([0, 2, 2, 2]);
    expect(isBalanced(context)).toBe(true);
  });

  it('takes a frame of many items', async () => {
    const { out } = await runOperators([trades], [{ data: Array.from({ length: 300_000 }, (_, p) => ({ p })) }]);
    expect(out.length).toBe(300_000);
    expect(out.at(-1)?.meta.index).toBe(299_999);
  });

  it('gives the same messages however the input is batched', async () => {
    const frame = fc.record({ data: fc.array(fc.record({ s: fc.string(), p: fc.double() }, { requiredKeys: [] })) });
    await fc.assert(
      fc.asyncProperty(batched(frame), async ({ values, batchEnds }) => {
        const { out, context } = await runOperators([trades], values, { batchEnds });
        const expected = values.flatMap(({ data }, offset) =>
          data.map((item, index) => ({
            value: { ...('s' in item && { symbol: item.s }), ...('p' in item && { price: item.p }) },
            offset,
            index,
          })),
        );
        expect(out.map(({ value, meta: { offset, index } }) => ({ value, offset, index }))).toEqual(expected);
        expect(isBalanced(context)).toBe(true);
      }),
    );
  });

  it('gives the shape of the named fields', () => {
    expect(check(explode, '{ field: data, as: { symbol: s, price: p } }', undefined)).toEqual({
      shape: { symbol: 'any', price: 'any' },
      problems: [],
    });
    expect(check(explode, '{ field: data }', { data: 'any' }).shape).toBeUndefined();
    expect(check(explode, '{ field: trades }', { data: 'any' }).problems).toEqual([
      'field: there is no field trades | there are data',
    ]);
  });
});
