import { describe, expect, it } from 'vitest';
import { throttle } from '../../examples/throttle.ts';
import { operatorContract, optionsOf } from '../../src/testing/index.ts';
import { runOperators } from '../support/engine/operators.ts';

const options = optionsOf(throttle, { every: '3ms' });
const messages = ['a', 'a', 'b', null, 'a', 'b'].map((key, number) => ({ key, value: { number } }));

describe('throttle', () => {
  for (const { title, run } of operatorContract({ declaration: throttle, options, messages })) it(title, run);

  it('lets the first message of a key pass, and the next one once the interval is over', async () => {
    const times = [0, 1, 2, 3, 5, 6];
    const record = (index: number) => ({ key: 'a', timestamp: times[index] ?? 0 });
    const { out } = await runOperators([[throttle, options]], times, { record });
    expect(out.map(({ value }) => value)).toEqual([0, 3, 6]);
  });
});
