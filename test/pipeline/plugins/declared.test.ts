import { describe, expect, it } from 'vitest';
import { throttle } from '../../../examples/throttle.ts';
import { udp } from '../../../examples/udp.ts';
import { defineFunction } from '../../../src/kit/function.ts';
import { kitVersion } from '../../../src/kit/stamp.ts';
import { declaredBy } from '../../../src/pipeline/plugins/declared.ts';

const half = defineFunction({
  ...{ name: 'half', summary: 'A half.', parameters: { x: 'number' }, result: 'number' },
  examples: [{ of: { x: 2 }, gives: 1 }],
  call: ({ x }) => x / 2,
});
const stampKey = Symbol.for('fdp.declaration');
const madeFor = (kit: string) => ({ ...throttle, [stampKey]: { kind: 'operator', kit } });

describe('the declarations of a module', () => {
  it.each([
    ['named exports', { throttle, udp, half }],
    ['a default export', { default: throttle, other: udp, third: half }],
    ['lists', { operators: [throttle], others: [udp, half] }],
    ['what CommonJS exports', { default: { throttle, udp, list: [half] } }],
    ['the same twice', { throttle, default: throttle, udp, half, again: [half] }],
  ])('are found in %s, each once', (_what, exported) => {
    const found = declaredBy({ ...exported, helper: () => 1, text: 'x', nothing: undefined });
    expect(
      found.map(({ kind, declaration }) => [kind, 'type' in declaration ? declaration.type : declaration.name]),
    ).toEqual(
      expect.arrayContaining([
        ['operator', 'throttle'],
        ['connector', 'udp'],
        ['function', 'half'],
      ]),
    );
    expect(found.length).toBe(3);
  });

  const [major = 0, minor = 0] = kitVersion.split('.').map(Number);
  it.each([
    [`${major}.${minor}`, undefined],
    [`${major}.${minor + 1}`, /update fdp/],
    [`${major + 1}.0`, /update fdp/],
    [`${major - 1}.9`, /update the plugin/],
    ['', /update the plugin/],
    ['next', /update the plugin/],
  ])('of kit %s', (kit, hint) => {
    const load = () => declaredBy({ made: madeFor(kit) });
    if (hint === undefined) expect(load).not.toThrow();
    else
      expect(load).toThrow(
        expect.objectContaining({
          message: expect.stringContaining(`kit ${kit}, `),
          hint: expect.stringMatching(hint),
        }),
      );
  });

  it.each([
    ['a type that is no name', { ...throttle, type: 'a b' }, /"type" begins with a letter/],
    ['no summary', { ...throttle, summary: '' }, /lacks "summary"/],
    ['no create', { ...throttle, create: undefined }, /lacks "create"/],
    ['no options', { ...throttle, options: undefined }, /options: expected a JSON Schema/],
    [
      'a schema with a misspelt keyword',
      { ...throttle, options: { type: 'object', propertys: {} } },
      /options: .*propertys/,
    ],
    ['a connector without a role', { ...udp, source: undefined }, /none of "source", "sink" and "lookup"/],
    ['a role without options', { ...udp, source: {} }, /source\.options: expected a JSON Schema/],
    ['a function of another type', { ...half, result: 'money' }, /result: expected one of number/],
    ['a parameter of another type', { ...half, parameters: { x: 'money' } }, /x: expected one of number/],
    ['a function without examples', { ...half, examples: [] }, /lacks "examples"/],
    ['a function that is called like no function', { ...half, name: 'a-b' }, /"name" begins with/],
    [
      'seven parameters',
      { ...half, parameters: Object.fromEntries([...'abcdefg'].map((name) => [name, 'any'])) },
      /has 7 parameters/,
    ],
  ])('%s is refused in one line', (_what, declaration, text) => {
    expect(() => declaredBy({ declaration })).toThrow(text);
    expect(() => declaredBy({ declaration })).not.toThrow(/\n/);
  });
});
