import { lastValueFrom, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { throttle } from '../../examples/throttle.ts';
import { toMessage } from '../../src/kit/message.ts';
import { operatorContext, operatorContract, optionsOf } from '../../src/testing/index.ts';
import { sourceMessage, testLane } from '../support/engine/operators.ts';

const options = optionsOf(throttle, { every: '3ms' });
const messages = ['a', 'a', 'b', null, 'a', 'b'].map((key, number) => ({ key, value: { number } }));

describe('throttle', () => {
  for (const { title, run } of operatorContract({ declaration: throttle, options, messages })) it(title, run);

  it('lets the first message of a key pass, and the next one once the interval is over', async () => {
    const times = [0, 1, 2, 3, 5, 6];
    const given = times.map((timestamp) => toMessage(sourceMessage(timestamp, { key: 'a', timestamp }), undefined));
    const operator = throttle.create(options, operatorContext());
    const out = await lastValueFrom(of({ lane: testLane(), messages: given, warmUp: false }).pipe(operator));
    expect(out.messages.map(({ value }) => value)).toEqual([0, 3, 6]);
  });
});
