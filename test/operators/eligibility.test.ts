import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { eligibility } from '../../operators/eligibility.ts';
import { readConditions } from '../../operators/support/conditions-file.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { check, operator } from './declared.ts';

async function run(conditions: readonly unknown[], yaml = '{ rules: us-equities }') {
  const environment = testEnvironment();
  const values = conditions.map((each) => ({ symbol: 'A', conditions: each }));
  const ran = await runOperators([operator(eligibility, yaml)], values, { context: operatorContext(environment) });
  return { ...ran, lines: environment.log.lines.map(({ text }) => text) };
}

/** `price range volume`, as far as it counts. */
function counted({ value }: { readonly value: unknown }): string {
  const { counts_price, counts_range, counts_volume } = value as Record<string, boolean>;
  return [counts_price && 'price', counts_range && 'range', counts_volume && 'volume'].filter(Boolean).join(' ');
}

describe('eligibility', () => {
  it('adds what a trade counts for by all of its conditions', async () => {
    const { out, context } = await run([['@'], [], undefined, null, ['I'], ['Z'], ['9'], ['M'], ['@', ' ', 'T', 'I']]);
    const all = 'price range volume';
    expect(out.map(counted)).toEqual([all, all, all, all, 'volume', 'range volume', 'price range', '', 'volume']);
    expect(out[0]?.value).toEqual({
      ...{ symbol: 'A', conditions: ['@'] },
      ...{ counts_price: true, counts_range: true, counts_volume: true },
    });
    expect(context.node.extra).toEqual({});
    expect(isBalanced(context)).toBe(true);
  });

  it('takes an unknown code for a regular one, counts it by code, and logs it once', async () => {
    const { out, context, lines } = await run([['1001'], [1001, 'I'], ['\u001b'], ['1001', '1002']]);
    const all = 'price range volume';
    expect(out.map(counted)).toEqual([all, 'volume', all, all]);
    expect(context.node.extra).toEqual({
      'unknown_conditions:1001': 3,
      'unknown_conditions:\\u{1b}': 1,
      'unknown_conditions:1002': 1,
    });
    expect(lines).toEqual(
      ['1001', '\\u{1b}', '1002'].map(
        (code) => `test: us-equities has no condition ${code}: such trades count as regular`,
      ),
    );
  });

  it('counts no more than a hundred unknown codes by name', async () => {
    const { context } = await run(Array.from({ length: 150 }, (_, index) => [`code ${index}`]));
    expect(Object.keys(context.node.extra)).toHaveLength(101);
    expect(context.node.extra['unknown_conditions:other']).toBe(50);
  });

  it('rejects conditions that are no list of codes', async () => {
    const { outcomes, context } = await run([['@'], 'T', [{ code: 'T' }]]);
    expect(outcomes).toEqual([1, 2, 2]);
    expect(context.rejections.map(({ message }) => message)).toEqual([
      'conditions: expected a list of codes, got "T"',
      'conditions: expected codes that are texts or numbers, got {"code":"T"}',
    ]);
  });

  it('never counts for more than one of the conditions alone does, in whatever order they come', async () => {
    const codes = [...readConditions('us-equities').keys()];
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(codes, { minLength: 1, maxLength: 4 }), async (some) => {
        const { out } = await run([some, [...some].reverse(), ...some.map((code) => [code])]);
        const [together, reversed, ...alone] = out.map(counted);
        expect(together).toBe(reversed);
        const shared = ['price', 'range', 'volume'].filter((what) => alone.every((each) => each.includes(what)));
        expect(together).toBe(shared.join(' '));
      }),
      { numRuns: 30 },
    );
  });

  it('adds its fields to the shape, and names the line of a mistake in the rules', () => {
    expect(check(eligibility, '{ rules: us-equities, conditions: codes }', { conditions: 'any' })).toEqual({
      shape: { conditions: 'any', counts_price: 'boolean', counts_range: 'boolean', counts_volume: 'boolean' },
      problems: ['conditions: there is no field codes | there are conditions'],
    });
    expect(check(eligibility, '{ rules: us-equity }', undefined).problems).toEqual([
      'rules: there is no set of conditions us-equity (did you mean us-equities?; one of your own is named by its path: ./us-equity.yml)',
    ]);
  });
});

describe('the shipped conditions', () => {
  it('name their sources', () => {
    for (const file of readdirSync('conditions'))
      expect(parse(readFileSync(`conditions/${file}`, 'utf8')).source).not.toHaveLength(0);
  });

  it('of all tapes: a code counts for what it counts for on each tape that has it', () => {
    const [all, cta, utp] = ['us-equities', 'cta', 'utp'].map(readConditions);
    for (const [code, counts] of all ?? []) {
      const tapes = [cta?.get(code), utp?.get(code)].filter((each) => each !== undefined);
      for (const what of ['price', 'range', 'volume'] as const)
        expect([code, what, counts[what]]).toEqual([code, what, tapes.every((each) => each[what])]);
    }
    expect([...(all ?? new Map()).keys()].sort()).toEqual(
      [...new Set([...(cta?.keys() ?? []), ...(utp?.keys() ?? [])])].sort(),
    );
  });
});
