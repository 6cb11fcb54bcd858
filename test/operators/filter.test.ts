import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { filter } from '../../operators/filter.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { batched, trade } from './arbitraries.ts';
import { check, operator } from './declared.ts';

const withVolume = operator(filter, 'volume > 0.0');

describe('filter', () => {
  it('drops messages for which the expression is false, and rejects those for which it cannot be evaluated', async () => {
    const { out, outcomes, context } = await runOperators([withVolume], [{ volume: 1 }, { volume: 0 }, {}, 'x']);
    expect(out.map(({ value }) => value)).toEqual([{ volume: 1 }]);
    expect(outcomes).toEqual([1, 0, 2, 2]);
    expect(isBalanced(context)).toBe(true);
  });

  it('rejects what gives no boolean', async () => {
    const { outcomes, context } = await runOperators([operator(filter, 'volume')], [{ volume: 1 }, { volume: true }]);
    expect(outcomes).toEqual([2, 1]);
    expect(context.rejections.map(({ message }) => message)).toEqual(['"volume": expected true or false, got 1']);
  });

  it('agrees with plain code, however the input is batched', async () => {
    await fc.assert(
      fc.asyncProperty(batched(trade), async ({ values, batchEnds }) => {
        const { out, outcomes } = await runOperators([withVolume], values, { batchEnds });
        expect(out.map(({ value }) => value)).toEqual(values.filter(({ volume }) => volume > 0));
        expect(outcomes).toEqual(values.map(({ volume }) => (volume > 0 ? 1 : 0)));
      }),
    );
  });

  it('is checked against the shape', () => {
    expect(check(filter, 'size(symbol)', { symbol: 'string' }).problems).toEqual([
      ': is a number, expected true or false',
    ]);
  });
});
