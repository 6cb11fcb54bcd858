import { expect, it } from 'vitest';
import { Turns } from '../../../../connectors/shared/table/turns.ts';
import { systemClock } from '../../../../src/kit/clock.ts';

it('a burst of lookups leaves turns of the event loop to others, and keeps its order', async () => {
  const turns = new Turns(systemClock);
  const order: number[] = [];
  let others = 0;
  let isOver = false;
  const other = () => {
    others++;
    if (!isOver) setImmediate(other);
  };
  setImmediate(other);
  await Promise.all(Array.from({ length: 400 }, (_, index) => turns.next().then(() => order.push(index))));
  isOver = true;
  expect(order).toEqual([...order].sort((a, b) => a - b));
  // Eight lookups a turn.
  expect(others).toBeGreaterThanOrEqual(400 / 8 - 1);
});
