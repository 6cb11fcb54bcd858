import { expect, it } from 'vitest';
import { OrderWatch } from '../../../src/cli/simulate/oracle/order.ts';
import { rowMessage } from '../../support/contracts/table-harness.ts';

/** The offsets at which messages of one symbol reach a sink; gives those that are told. */
function told(offsets: readonly number[]): readonly string[] {
  const watch = new OrderWatch();
  for (const offset of offsets)
    watch.take({ branch: 'counts', isOrdered: true, message: rowMessage({ symbol: 'A' }, { lane: 'l', offset }) });
  return watch.violations;
}

it('tells a message that comes after a later one', () => {
  expect(told([1, 2, 5, 4])).toEqual(['counts: A at offset 4, index 0, comes after a later one']);
});

it('tells none that is written again', () => {
  expect(told([1, 2, 3, 2, 3, 1, 2, 3, 4])).toEqual([]);
});

it('tells none that was refused at first, where others are written again before it', () => {
  expect(told([1, 2, 4, 5, 1, 2, 3, 4, 5, 6])).toEqual([]);
  expect(told([1, 2, 5, 1, 4, 3])).toEqual(['counts: A at offset 3, index 0, comes after a later one']);
});
