import { describe, expect, it } from 'vitest';
import { checkCondition } from '../../../operators/support/condition.ts';
import type { Shape } from '../../../src/kit/declaration.ts';

function check(source: string, input: Shape): { readonly shape: Shape; readonly problems: readonly string[] } {
  const problems: string[] = [];
  return { shape: checkCondition(source, input, (_path, text) => problems.push(text)), problems };
}

describe('a condition', () => {
  it('gives the types of the messages that it passes', () => {
    const input: Shape = { price: 'any', symbol: 'any', volume: 'any' };
    const { shape } = check('price > 0.0 && symbol.matches("^A$") && (volume > 1.0 || price > 2.0)', input);
    expect(shape).toEqual({ price: 'number', symbol: 'string', volume: 'any' });
  });

  it('is refused if an earlier one, or an earlier part, implies another type', () => {
    expect(check('price > "3"', { price: 'number' }).problems).toEqual(['> between a number and text']);
    expect(check('price > 0.0 && price < "3"', { price: 'any' }).problems).toEqual(['< between a number and text']);
    expect(check('price > "3"', { price: 'any' }).problems).toEqual([]);
  });
});
