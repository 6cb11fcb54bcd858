import { describe, expect, it } from 'vitest';
import { checkExpression, compileExpression } from '../../../operators/support/expression.ts';
import { takenFunctions } from '../../../operators/support/expression-language.ts';
import { celFunctions } from '../../../operators/support/expression-reference.ts';
import { defineFunction } from '../../../src/kit/function.ts';

const middle = defineFunction({
  ...{ name: 'middle', summary: 'The middle.', parameters: { a: 'number', b: 'number' }, result: 'number' },
  examples: [{ of: { a: 1, b: 3 }, gives: 2 }],
  call: ({ a, b }) => (a + b) / 2,
});
const first = defineFunction({
  ...{ name: 'first', summary: 'The first.', parameters: { list: 'list', otherwise: 'any' }, result: 'any' },
  examples: [{ of: { list: [], otherwise: null }, gives: null }],
  call: ({ list, otherwise }) => list[0] ?? otherwise,
});
const keyed = defineFunction({
  ...{ name: 'keyed', summary: 'A map.', parameters: { key: 'string', isOn: 'boolean', map: 'map' }, result: 'map' },
  examples: [{ of: { key: 'a', isOn: true, map: {} }, gives: { a: true } }],
  call: ({ key, isOn, map }) => ({ ...map, [key]: isOn }),
});
const wrong = defineFunction({
  ...{ name: 'wrong', summary: 'Not what it declares.', parameters: {}, result: 'number' },
  examples: [{ of: {}, gives: 1 }],
  call: () => 'text' as unknown as number,
});
const functions = [middle, first, keyed, wrong];

describe('functions of plugins in expressions', () => {
  it.each([
    ['middle(bid, ask)', { bid: 1, ask: 2 }, 1.5],
    ['middle(1, ask)', { ask: 2 }, 1.5],
    ['middle(middle(bid, 3), size(name)) > 2.0', { bid: 1, name: 'AAPL' }, true],
    ['first(items, null)', { items: [7, 8] }, 7],
    ['first([], null)', {}, null],
    ['first([1, 2], null)', {}, 1],
    ['first([{"a": 1}], 0).a', {}, 1],
    ['keyed("x", bid > 1.0, {"y": 1})', { bid: 2 }, { x: true, y: 1 }],
    ['prices.map(p, middle(p, 0.0))', { prices: [2, 4] }, [1, 2]],
  ])('%s of %o is %o', (source, fields, result) => {
    expect(compileExpression(source, functions).evaluate(fields)).toEqual(result);
  });

  it.each([
    ['middle(bid, ask)', { bid: '1', ask: 2 }, 'middle: a: expected a number, got "1"'],
    ['middle(bid, ask)', { bid: 1, ask: null }, 'middle: b: expected a number, got null'],
    ['middle(bid, ask)', { bid: 1 }, 'there is no field ask'],
    ['first(items, null)', { items: 'x' }, 'first: list: expected a list, got "x"'],
    ['wrong()', {}, 'wrong: the result: expected a number, got "text"'],
  ])('%s of %o rejects the message: %s', (source, fields, text) => {
    expect(() => compileExpression(source, functions).evaluate(fields)).toThrow(
      expect.objectContaining({ code: 'FDP_MESSAGE_INVALID', message: `"${source}": ${text}` }),
    );
  });

  it.each([
    ['middle(bid, ask)', 'number', []],
    ['keyed(name, true, {})', 'any', []],
    ['middle(bid, name)', 'any', ['there is no middle(...) that takes a number, text']],
    ['middle(bid)', 'any', ['there is no middle(...) that takes a number']],
    ['midle(bid, ask)', 'any', ['there is no function midle']],
  ])('the check of %s: %s, %o', (source, type, problems) => {
    const found: string[] = [];
    const input = { bid: 'number', ask: 'number', name: 'string' } as const;
    expect(checkExpression(source, input, (text) => found.push(text), functions)).toBe(type);
    expect(found).toEqual(problems);
  });

  it('are unknown where they were not given', () => {
    expect(() => compileExpression('middle(1.0, 2.0)')).toThrow('there is no function middle');
    expect(() => compileExpression('middle(1.0, 2.0)', [first])).toThrow('there is no function middle');
  });
});

describe('the names that a further function can not have', () => {
  it('are those of CEL and of fdp', () => {
    const documented = celFunctions.filter(({ kind }) => kind === 'function').map(({ name }) => name);
    expect(takenFunctions()).toEqual(expect.arrayContaining([...documented, 'bytes', 'dyn', 'uint', 'in', 'cel']));
    expect(takenFunctions()).not.toContain('middle');
  });
});
