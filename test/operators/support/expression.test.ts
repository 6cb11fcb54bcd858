import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkExpression, compileExpression } from '../../../operators/support/expression.ts';
import type { Shape } from '../../../src/kit/declaration.ts';
import { evaluate, thrown } from './evaluate.ts';

function problems(source: string, shape: Shape): string[] {
  const found: string[] = [];
  checkExpression(source, shape, (text, hint) => found.push(hint === undefined ? text : `${text} | ${hint}`));
  return found;
}

describe('expression', () => {
  it.each([
    ['price > 0.0 && symbol.matches("^[A-Z]+$")', { price: 1, symbol: 'AAPL' }, true],
    ['limit > 5', { limit: 7 }, true],
    ['limit == 7', { limit: 7 }, true],
    ['limit != 7', { limit: 7 }, false],
    ['size(symbol)', { symbol: 'AAPL' }, 4],
    ['[1, 2].map(v, size("ab"))', {}, [2, 2]],
    ['{"a": size("abc"), "b": [1.5]}', {}, { a: 3, b: [1.5] }],
    ['price * 2.0', { price: 5 }, 10],
    ['nothing == null', { nothing: null }, true],
    ['flag ? "yes" : "no"', { flag: false }, 'no'],
    ['has(a)', { a: null }, true],
    ['has(a)', {}, false],
    ['has(a.b)', { a: {} }, false],
    ['!has(a) || a > 1.0', { a: 2 }, true],
    ['type == "trade"', { type: 'trade' }, true],
    ['has(type) && type == "ping"', { type: 'ping' }, true],
    ['data.exists(d, d.p > 100.0)', { data: [{ p: 1 }, { p: 101 }] }, true],
    ['data[0].p', { data: [{ p: 1 }] }, 1],
    ['a', { a: { b: [1, null, 'x'] } }, { b: [1, null, 'x'] }],
  ])('%s of %j is %j', (source, fields, expected) => {
    expect(evaluate(source, fields)).toEqual(expected);
  });

  it.each([
    ['price > 0.0', {}, '"price > 0.0": there is no field price'],
    ['price > 0.0', { price: 'x' }, '"price > 0.0": price: expected a number, got text "x"'],
    ['price > 0.0', { price: null }, '"price > 0.0": price: expected a number, got null'],
    ['price > 0.0', { price: { a: 1 } }, '"price > 0.0": price: expected a number, got a map {"a":1}'],
    ['a > 0.0 && b > 0.0', { a: 1, b: '2' }, '"a > 0.0 && b > 0.0": b: expected a number, got text "2"'],
    ['a * b', { a: 1, b: '2' }, '"a * b": b: expected a number, got text "2"'],
    ['-a', { a: '2' }, '"-a": a: expected a number, got text "2"'],
    ['a && true', { a: 1 }, '"a && true": a: expected true or false, got 1'],
    ['a ? 1.0 : 2.0', { a: null }, '"a ? 1.0 : 2.0": a: expected true or false, got null'],
    ['a.matches("A")', { a: 3 }, '"a.matches("A")": a: expected text, got 3'],
    ['size(a)', { a: 3 }, '"size(a)": a: expected text, a list or a map, got 3'],
    ['a.all(v, v > 1.0)', { a: 3 }, '"a.all(v, v > 1.0)": a: expected a list or a map, got 3'],
    ['a.exists(d, d.p > 1.0)', { a: [{ p: '1' }] }, '"a.exists(d, d.p > 1.0)": d.p: expected a number, got text'],
    ['a[0]', { a: [] }, '"a[0]": a: there is no item 0'],
    ['double(a)', { a: 'x' }, '"double(a)": a: expected a number, or text that holds one, got text "x"'],
    ['type > 1.0', { type: 'x' }, '"type > 1.0": type: expected a number, got text "x"'],
    ['1.0 / price', { price: 0 }, '"1.0 / price": the result is Infinity, which a message cannot hold'],
    ['a.b', { a: {} }, '"a.b": there is no field b'],
    [
      'timestamp("2024-01-01T00:00:00Z")',
      {},
      '"timestamp("2024-01-01T00:00:00Z")": the result is a Date, which a message cannot hold',
    ],
    ['iso(price)', { price: 'x' }, '"iso(price)": iso: expected Unix ms, got "x"'],
    ['int(price)', { price: 1e18 }, '"int(price)": the integer 1000000000000000000 is beyond 2^53'],
  ])('%s of %j rejects the message with one line', (source, fields, reason) => {
    const error = thrown(() => evaluate(source, fields));
    expect(error.code).toBe('FDP_MESSAGE_INVALID');
    expect(error.message).toBe(reason);
  });

  it.each([
    ['(a + 1.0) * 2.0 > 1e300 && (b)', ['(a + 1.0) * 2.0 > 1e300', '(b)']],
    ['a - (b - c) > 4.0 && (a.b).c == "&&" && has(z)', ['a - (b - c) > 4.0', '(a.b).c == "&&"', 'has(z)']],
    ['(a || b) && !(c)', ['(a || b)', '!(c)']],
    ['a && (b && c)', ['a', '(b && c)']],
    ['((a && b)) && c', ['((a && b))', 'c']],
    ['(a && b)', ['(a && b)']],
    ['a && b || c', ['a && b || c']],
    ['a // one && two\n && b', ['a // one && two', 'b']],
    ['a && // one && two\n b', ['a && // one && two\n b']],
    ['a && [b].all(v, v && c)', ['a', '[b].all(v, v && c)']],
  ])('takes %j apart into %j', (source, parts) => {
    expect(compileExpression(source).conjuncts).toEqual(parts);
    for (const part of parts) compileExpression(part);
  });

  it('never takes a field from the prototype of the message', () => {
    expect(thrown(() => compileExpression('constructor')).code).toBe('FDP_SPEC_INVALID');
    expect(problems('toString == 1', undefined)).toEqual(["toString can't be the name of a field here"]);
    expect(thrown(() => evaluate('a.constructor', { a: {} })).code).toBe('FDP_MESSAGE_INVALID');
  });

  it('takes patterns from the spec only', () => {
    expect(problems('a.matches(b)', undefined)).toEqual(['matches takes a pattern in quotes, not a computed one']);
    expect(problems('a.matches("[")', undefined)).toEqual(['not a regular expression: [']);
  });

  it('explains how to write an integer beside an arithmetic operator', () => {
    expect(problems('price * 2', undefined)).toEqual(['2 beside * is an integer, and numbers are doubles | write 2.0']);
    expect(problems('[1.0].map(v, -3 + v)', undefined)).toEqual([
      '3 beside + is an integer, and numbers are doubles | write 3.0',
    ]);
    expect(problems('price % 2.0', undefined)).toEqual(['numbers are doubles, which have no %']);
    expect(problems('price > 2 && price <= 1000', { price: 'number' })).toEqual([]);
  });

  it('finds names that are not there, with the nearest right word', () => {
    const shape: Shape = { price: 'any', volume: 'any' };
    expect(problems('pirce > 0.0 && volume > 0.0', shape)).toEqual(['there is no field pirce | did you mean price?']);
    expect(problems('has(pirce)', shape)).toEqual(['there is no field pirce | did you mean price?']);
    expect(problems('whatever > 0.0', shape)).toEqual(['there is no field whatever | there are price, volume']);
    expect(problems('[1.0].all(v, v < price)', shape)).toEqual([]);
    expect(problems('whatever > 0.0', undefined)).toEqual([]);
  });

  it('checks types where they are declared, and takes null for any of them', () => {
    const shape: Shape = { symbol: 'string', price: 'decimal', time: 'date', count: 'int64', flag: 'boolean' };
    expect(problems('price > 1.0', shape)).toEqual([
      '> between text and a number | write numbers without quotes; double(x) converts text to a number',
    ]);
    expect(problems('iso(symbol)', shape)).toEqual(['there is no iso(...) that takes text']);
    expect(problems('symbol && flag', shape)).toEqual(['expected true or false, got text']);
    expect(problems('symbol.startWith("A")', shape)).toEqual([
      'there is no method startWith | did you mean startsWith?',
    ]);
    expect(problems('iso(time) == "" || decimal(price) != "" || decimal(count) == ""', shape)).toEqual([]);
    expect(problems('time == null || time == 5 || count >= 1 || symbol == null || flag', shape)).toEqual([]);
  });

  it('gives the type of its result', () => {
    const shape: Shape = { symbol: 'string', price: 'decimal', time: 'date', x: 'any' };
    const type = (source: string) => checkExpression(source, shape, () => {});
    expect(
      ['symbol', 'price', 'time', 'x', 'time > 1.0', 'time * 2.0', 'size(symbol)', 'iso(time)', 'decimal(x)'].map(type),
    ).toEqual(['string', 'decimal', 'date', 'any', 'boolean', 'number', 'number', 'string', 'decimal']);
  });

  it('reports what is wrong with the syntax', () => {
    expect(problems('price >', undefined)).toEqual(['"price >": unexpected token: EOF at character 8']);
    expect(problems('deciml(price)', undefined)).toEqual(['there is no function deciml | did you mean decimal?']);
    expect(thrown(() => compileExpression('a +')).code).toBe('FDP_SPEC_INVALID');
  });
});

describe('a reason', () => {
  it.each([
    ['symbol = "AAPL"', 'use =='],
    ['a <> 1.0', 'use !='],
    ['a and b', 'use &&'],
    ['a or b', 'use ||'],
    ['not a', 'use !'],
    ['a => 1.0', 'use >='],
    ['a > .5', 'write a digit before the point: 0.5'],
  ])('of %s names what CEL has instead', (source, hint) => {
    expect(problems(source, undefined)).toEqual([
      expect.stringMatching(new RegExp(`\\| ${hint.replace(/[|.]/g, '\\$&')}$`)),
    ]);
  });

  it("never shows the library's own words, whatever the expression and the message", () => {
    const part = fc.constantFrom(
      'x',
      'y',
      '1.0',
      '"a"',
      'x.a',
      'y[0]',
      '[1.0]',
      'null',
      'true',
      'double(y)',
      'size(x)',
    );
    const operator = fc.constantFrom('+', '-', '*', '/', '<', '>=', '&&', '||', 'in');
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom('a', 1, true, null, [], {}));
    fc.assert(
      fc.property(part, operator, part, value, value, (left, sign, right, x, y) => {
        const source = `${left} ${sign} ${right}`;
        try {
          evaluate(source, { x, y });
        } catch (error) {
          expect((error as Error).message).not.toMatch(/overload|bool operands|\bdyn\b|\bdouble [<>]/);
        }
      }),
    );
  });
});

describe('what is known without the interpreter', () => {
  /** What it gives or why it fails, but for the expression's own label. */
  function outcome(source: string, fields: Record<string, unknown>): unknown {
    const expression = compileExpression(source);
    try {
      return { value: expression.evaluate(fields) };
    } catch (error) {
      return { error: (error as Error).message.slice(`"${expression.label}"`.length) };
    }
  }
  const times = fc.integer({ min: 0, max: 4e12 });
  const words = fc.constantFrom('AAPL', 'B', 'aapl', '', 'AAPL\n', 'é');
  const values = fc.oneof(
    ...[fc.jsonValue(), fc.double(), fc.integer({ min: -3, max: 3 }), times, words],
    fc.constant(undefined),
  );
  const fields = fc.record({ x: values, y: values }, { requiredKeys: [] });

  it.each([
    ...['x', 'iso(x)', 'decimal(x)'],
    ...['x > 0.0', 'x >= 1', 'x < 2', 'x <= -1.0', 'x == 1', 'x == 1.0', 'x == "B"', 'x > "A"', '1.0 < x'],
    ...['x.matches("^[A-Z]+$")', 'x.matches("")', 'x > 0.0 && y < 2.0', 'x > 0.0 && y.matches("^[A-Z]{1,4}$")'],
    ...['x == 1 && y', 'x && y == "B"', 'x == null', 'x == true', 'x != 1', 'x == 9007199254740993'],
  ])('%s means the same as within a larger expression', (source) => {
    fc.assert(
      fc.property(fields, (given) => {
        expect(outcome(source, given)).toEqual(outcome(`true ? (${source}) : (${source})`, given));
      }),
    );
  });
});
