import { describe, expect, it } from 'vitest';
import { aggregate } from '../../operators/aggregate.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { check, operator, optionsOf } from './declared.ts';

const bar = `
  key: [symbol]
  fields:
    trades: count
    volume: { sum: volume }
    high: { highest: price }
    low: { lowest: price }
    open: { first: price, by: time }
    close: { last: price }`;
const trade = { symbol: 'A', price: 1.5, volume: '2.50', time: 7 };

describe('aggregate', () => {
  it('gives one merge operation for each message', async () => {
    const { out, context } = await runOperators([operator(aggregate, bar)], [trade]);
    expect(out.map(({ value }) => value)).toEqual([
      {
        merge: {
          by: { symbol: 'A' },
          count: { trades: 1 },
          sum: { volume: '2.50' },
          highest: { high: 1.5 },
          lowest: { low: 1.5 },
          first: { open: { value: 1.5, at: 7 } },
          last: { close: { value: 1.5, at: 0 } },
        },
      },
    ]);
    expect(aggregate.output).toBe('merges');
    expect(isBalanced(context)).toBe(true);
  });

  it('names a row by several fields, whatever is in their texts', async () => {
    const yaml = '{ key: [a, b], as: id, fields: { n: count } }';
    const values = [
      { a: 'x|y', b: 'z' },
      { a: 'x', b: 'y|z' },
      { a: 'x\\', b: '|z' },
      { a: 'x', b: 5 },
    ];
    const { out } = await runOperators([operator(aggregate, yaml)], values);
    const merges = out.map(({ value }) => (value as { merge: { by: { id: string }; set_on_insert: object } }).merge);
    expect(merges.map(({ by }) => by.id)).toEqual(['x\\|y|z', 'x|y\\|z', 'x\\\\|\\|z', 'x|5']);
    expect(merges.map(({ set_on_insert }) => set_on_insert)).toEqual(values);
  });

  it('rejects what names no row, has no number, or nothing to order it by', async () => {
    const values = [{}, { symbol: '' }, { volume: 'many' }, { price: null }, { time: 'noon' }].map((wrong, at) =>
      at === 0 ? {} : { ...trade, ...wrong },
    );
    const { outcomes, context } = await runOperators([operator(aggregate, bar)], values);
    expect(outcomes).toEqual([2, 2, 2, 2, 2]);
    expect(context.rejections.map(({ message }) => message)).toEqual([
      'symbol: expected text, got nothing',
      'symbol: expected text, got ""',
      'volume: expected a number, got "many"',
      'price: expected a number, got null',
      'time: expected a number, got "noon"',
    ]);
  });

  it('is checked against the shape, and each field has one way to take values in', () => {
    const shape = { symbol: 'string', price: 'string', volume: 'number', time: 'date' } as const;
    expect(check(aggregate, bar, shape).problems).toEqual([
      'fields.high.highest: price is a string, expected number or int64 or decimal or date',
      'fields.low.lowest: price is a string, expected number or int64 or decimal or date',
    ]);
    const wrong =
      '{ key: [symbol], fields: { symbol: count, a: { by: time }, b: { sum: x, last: y }, c: { sum: z, by: time } } }';
    expect(check(aggregate, wrong, undefined).problems).toEqual([
      "fields.symbol: symbol names the row, and can't change",
      'fields.a: expected one of sum, highest, lowest, first, last, got none',
      'fields.b: expected one of sum, highest, lowest, first, last, got sum, last',
      'fields.c.by: a sum needs no order | leave out `by`',
    ]);
    expect(() => check(aggregate, '{ key: [symbol], fields: { a: number } }', undefined)).toThrow();
    expect(() => check(aggregate, '{ key: [symbol], fields: { a: { sun: x } } }', undefined)).toThrow();
  });

  it('declares what its changes do to each field', () => {
    expect(aggregate.merges?.(optionsOf(aggregate, bar))).toEqual({
      unique: 'symbol',
      fields: { trades: 'count', volume: 'sum', high: 'highest', low: 'lowest', open: 'first', close: 'last' },
    });
    expect(aggregate.merges?.(optionsOf(aggregate, '{ key: [a, b], fields: { n: count } }'))).toEqual({
      unique: 'key',
      fields: { a: 'set_on_insert', b: 'set_on_insert', n: 'count' },
    });
  });
});
