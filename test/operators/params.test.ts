import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { params } from '../../operators/params.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { check, operator } from './declared.ts';

const yaml = '{ limit: { type: integer, minimum: 1, maximum: 500, default: 15 }, before: { type: cursor } }';

async function read(rules: string, value: Record<string, unknown>, clock = new VirtualClock()) {
  const context = operatorContext(testEnvironment(clock));
  const { out } = await runOperators([operator(params, rules)], [value], { context });
  expect(isBalanced(context)).toBe(true);
  return { value: out[0]?.value, errors: context.rejections.map(({ code, message }) => `${code} ${message}`) };
}

describe('params', () => {
  it('gives typed values and defaults, and keeps the parameters of the path', async () => {
    expect((await read(yaml, { symbol: 'AAPL' })).value).toEqual({ symbol: 'AAPL', limit: 15 });
    expect((await read(yaml, { symbol: 'AAPL', limit: '50', before: '1763645598585_6a' })).value).toEqual({
      symbol: 'AAPL',
      limit: 50,
      before: { value: 1763645598585, id: '6a' },
    });
    expect((await read(yaml, { before: '0' })).value).toEqual({ limit: 15 });
    expect((await read(yaml, { limit: '', before: '' })).value).toEqual({ limit: 15 });
  });

  it.each([
    ['abc', 'limit: expected an integer from 1 to 500, got "abc"'],
    ['0', 'limit: expected an integer from 1 to 500, got "0"'],
    ['501', 'limit: expected an integer from 1 to 500, got "501"'],
    ['1.0', 'limit: expected an integer from 1 to 500, got "1.0"'],
    ['1e2', 'limit: expected an integer from 1 to 500, got "1e2"'],
    [' 1', 'limit: expected an integer from 1 to 500, got " 1"'],
    ['0x10', 'limit: expected an integer from 1 to 500, got "0x10"'],
    [['1', '2'], 'limit: expected one value, got 2'],
  ])('answers limit=%j with what was expected', async (limit, text) => {
    expect(await read(yaml, { limit })).toEqual({ value: undefined, errors: [`FDP_PARAMETER_INVALID ${text}`] });
  });

  it.each(['-1', '1_', '_a', '1_a-b', `1_${'a'.repeat(65)}`, '8640000000000001', '1763645598585_x_y', '1.5', 'abc'])(
    'refuses the cursor %s',
    async (before) => {
      expect((await read(yaml, { before })).errors).toEqual([
        `FDP_PARAMETER_INVALID before: expected a cursor such as 1763645598585 or 1763645598585_ID, got ${
          before.length > 38 ? `"${before.slice(0, 38)}…` : `"${before}"`
        }`,
      ]);
    },
  );

  it.each([
    ['{ type: number, minimum: 0.5 }', '0.5', 0.5],
    ['{ type: number }', '-1e3', -1000],
    ['{ type: number }', '1e999', 'a number'],
    ['{ type: number, minimum: 0.5 }', '0', 'a number of at least 0.5'],
    ['{ type: integer, maximum: 5 }', '-7', -7],
    ['{ type: integer, maximum: 5 }', '9007199254740993', 'an integer of at most 5'],
    ['{ type: integer }', '9007199254740993', 'an integer'],
    ['{ type: integer, enum: [1, 5] }', '5', 5],
    ['{ type: integer, enum: [1, 5] }', '2', 'one of 1, 5'],
    ['{ type: boolean }', 'false', false],
    ['{ type: boolean }', '1', 'true or false'],
    ['{ type: string, enum: [asc, desc] }', 'asc', 'asc'],
    ['{ type: string, enum: [asc, desc] }', 'up', 'one of asc, desc'],
    ['{ type: string, pattern: "^[A-Z]+$", maxLength: 4 }', 'AAPL', 'AAPL'],
    [
      '{ type: string, pattern: "^[A-Z]+$", maxLength: 4 }',
      'aapl',
      'text of at most 4 characters that matches ^[A-Z]+$',
    ],
    ['{ type: string, maxLength: 4 }', 'GOOGL', 'text of at most 4 characters'],
    ['{ type: string }', 'x'.repeat(257), 'text of at most 256 characters'],
  ])('reads %s of %s as %j', async (rule, raw, expected) => {
    const { value, errors } = await read(`{ x: ${rule} }`, { x: raw });
    if (errors.length === 0) expect(value).toEqual({ x: expected });
    else expect(errors[0]).toContain(`FDP_PARAMETER_INVALID x: expected ${expected}, got "`);
  });

  it.each([
    ['2026-01-05T14:30:00Z', 1767623400000],
    ['2026-01-05t14:30:00.25z', 1767623400250],
    ['2026-01-05T16:30:00+02:00', 1767623400000],
    // As a `+` arrives that nobody encoded.
    ['2026-01-05T16:30:00 02:00', 1767623400000],
    ['2026-01-05', 1767571200000],
    ['1767623400000', 1767623400000],
    ['0', 0],
    ['-15m', 9_100_000],
    ['-1.5s', 9_998_500],
    ['-0s', 10_000_000],
    ['2026-02-31', undefined],
    ['2026-13-01T00:00:00Z', undefined],
    ['2026-01-05T25:00:00Z', undefined],
    ['2026-01-05T14:30:00', undefined],
    ['2026-01-05 14:30', undefined],
    ['15m', undefined],
    ['-15', undefined],
    ['-15 m', undefined],
    ['-999999999d', undefined],
    ['9999999999999999', undefined],
    ['now', undefined],
  ])('reads the time %s as %j', async (raw, expected) => {
    const clock = new VirtualClock(10_000_000);
    const { value, errors } = await read('{ from: { type: time } }', { from: raw }, clock);
    expect(value).toEqual(expected === undefined ? undefined : { from: expected });
    expect(errors).toEqual(
      expected === undefined ? [expect.stringContaining('FDP_PARAMETER_INVALID from: expected a time such as')] : [],
    );
  });

  it('counts a default time from the request on', async () => {
    const clock = new VirtualClock(10_000_000);
    expect(await read('{ from: { type: time, default: -1h } }', {}, clock)).toEqual({
      ...{ value: { from: 6_400_000 }, errors: [] },
    });
    expect(check(params, '{ from: { type: time, default: 1h } }', undefined).problems).toEqual([
      expect.stringContaining('from.default: expected a time such as'),
    ]);
    expect(check(params, '{ n: { type: integer, example: x } }', undefined).problems).toEqual([
      'n.example: expected an integer',
    ]);
  });

  it('never reads a parameter that an object only inherits', async () => {
    expect((await read('{ constructor: { type: string } }', {})).value).toEqual({});
  });

  it('takes every integer of its range and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.integer().map(String), fc.string()), async (limit) => {
        const { value, errors } = await read(yaml, { limit });
        const fits = /^-?[0-9]+$/.test(limit) && Number(limit) >= 1 && Number(limit) <= 500;
        if (limit === '') expect(value).toEqual({ limit: 15 });
        else expect(value).toEqual(fits ? { limit: Number(limit) } : undefined);
        expect(errors.length).toBe(fits || limit === '' ? 0 : 1);
      }),
    );
  });

  it('gives the shape of the path and its own parameters', () => {
    const scope = { route: 'GET /api/v1/trades/{symbol}' };
    expect(check(params, yaml, undefined, scope)).toEqual({
      shape: { symbol: 'string', limit: 'number', before: 'any' },
      problems: [],
    });
  });

  it('finds rules that can not be', () => {
    const problems = (rules: string) => check(params, rules, undefined).problems;
    expect(problems('{ offset: { type: integer } }')).toEqual([
      'offset: a parameter cannot have the name offset: in templates it is the offset of the message',
    ]);
    expect(problems('{ x: { type: string, minimum: 1 } }')).toEqual(['x.minimum: minimum does not apply to a string']);
    expect(problems('{ x: { type: integer, minimum: 5, maximum: 1 } }')).toEqual([
      'x.minimum: minimum is above maximum',
    ]);
    expect(problems('{ x: { type: integer, maximum: 5, default: 6 } }')).toEqual([
      'x.default: expected an integer of at most 5',
    ]);
    expect(problems('{ x: { type: integer, default: "5" } }')).toEqual(['x.default: expected an integer']);
    expect(problems('{ x: { type: string, pattern: "[" } }')).toEqual(['x.pattern: not a regular expression']);
  });
});
