import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explode } from '../../operators/explode.ts';
import { idempotencyKey } from '../../operators/idempotency-key.ts';
import { isBalanced, runOperators } from '../support/engine/operators.ts';
import { batched, trade } from './arbitraries.ts';
import { check, operator } from './declared.ts';

const yaml = '{ as: message_key, from: "{topic}-{partition}-{offset}--{symbol}-{time}-{index}" }';
const chain = [
  operator(explode, '{ field: data, as: { symbol: symbol, time: time } }'),
  operator(idempotencyKey, yaml),
];

describe('idempotency_key', () => {
  it('adds topic-partition-offset--symbol-timestamp-index', async () => {
    const data = [
      { symbol: 'AAPL', time: 1763645598585 },
      { symbol: 'AAPL', time: 1763645598586 },
    ];
    const { out, context } = await runOperators(chain, [{ data: [] }, { data }]);
    expect(out.map(({ value }) => value)).toEqual([
      { ...data[0], message_key: 'topic-0-1--AAPL-1763645598585-0' },
      { ...data[1], message_key: 'topic-0-1--AAPL-1763645598586-1' },
    ]);
    expect(isBalanced(context)).toBe(true);
  });

  it('is the same however the input is batched, and different for every trade', async () => {
    const keys = (run: Awaited<ReturnType<typeof runOperators>>) =>
      run.out.map(({ value }) => (value as { message_key: string }).message_key);
    const frame = fc.record({ data: fc.array(trade, { maxLength: 5 }) });
    await fc.assert(
      fc.asyncProperty(batched(frame), async ({ values, batchEnds }) => {
        const whole = keys(await runOperators(chain, values));
        expect(keys(await runOperators(chain, values, { batchEnds }))).toEqual(whole);
        expect(new Set(whole).size).toBe(whole.length);
      }),
    );
  });

  it('rejects a message that lacks a part of the key', async () => {
    const whole = operator(idempotencyKey, '{ as: id, from: "{symbol}" }');
    const { out, outcomes, context } = await runOperators([whole], [{}, { symbol: null }, { symbol: 5 }]);
    expect(outcomes).toEqual([2, 2, 1]);
    expect(out.map(({ value }) => value)).toEqual([{ symbol: 5, id: '5' }]);
    expect(isBalanced(context)).toBe(true);
  });

  it('adds its field to the shape, and finds names that no message has', () => {
    const shape = { symbol: 'any', time: 'any' } as const;
    expect(check(idempotencyKey, yaml, shape)).toEqual({ shape: { ...shape, message_key: 'string' }, problems: [] });
    expect(check(idempotencyKey, '{ as: id, from: "{ofset}-{tme}" }', shape).problems).toEqual([
      'from: there is no field ofset | did you mean offset?',
      'from: there is no field tme | did you mean time?',
    ]);
    expect(check(idempotencyKey, '{ as: id, from: same }', undefined).problems).toEqual([
      'from: every message would get the same key | use names in braces, such as {topic}-{partition}-{offset}-{index}',
    ]);
  });
});
