import { describe, expect, it } from 'vitest';
import { defineOperator } from '../../src/kit/declaration.ts';
import type { Message } from '../../src/kit/message.ts';
import { filter, flatMap, lookup, type OperatorContext, perMessage, scan } from '../../src/kit/operator.ts';
import { Outcome } from '../../src/kit/track.ts';
import { operatorContext } from '../../src/testing/index.ts';
import { runOperators } from '../support/engine/operators.ts';

// What an author in JavaScript gets wrong, which no compiler has checked: the message is rejected, with what to do.

type Create = (context: OperatorContext) => ReturnType<typeof perMessage>;

/** What becomes of two messages, and the reasons of those that were rejected. */
async function run(create: Create) {
  const options = { type: 'object', additionalProperties: false, properties: {} } as const;
  const declaration = defineOperator({
    ...{ type: 'mine', summary: 'x', example: 'mine: {}', options },
    create: (_options, context) => create(context),
  });
  const context = operatorContext();
  const { out, outcomes } = await runOperators([[declaration, {}]], [1, 2], { context });
  return { out: out.map(({ value }) => value), outcomes, reasons: context.rejections.map(({ message }) => message) };
}

const promise = 'gave a promise: only the function of `lookup` may be async';
const other = 'gave something else than messages made of this one, with derive(message, { value })';
const given = (value: unknown) => value as never;

describe('an operator that gives no messages rejects the message', () => {
  const kept: Message[] = [];
  const first = (message: Message) => {
    kept.push(message);
    return kept[0] as Message;
  };
  it.each<[string, Create, string]>([
    [
      'an async function of perMessage',
      (context) =>
        perMessage(
          context,
          given(async (m: Message) => m),
        ),
      promise,
    ],
    [
      'an async function of flatMap',
      (context) =>
        flatMap(
          context,
          given(async (m: Message) => [m]),
        ),
      promise,
    ],
    ['a list of promises', (context) => flatMap(context, (m) => [given(Promise.resolve(m))]), promise],
    [
      'an async condition',
      (context) =>
        filter(
          context,
          given(async () => true),
        ),
      promise,
    ],
    [
      'an async step',
      (context) =>
        scan(context, { seed: () => 0, key: () => '', maxKeys: 9, step: given(async (_s: 0, m: Message) => [m]) }),
      promise,
    ],
    ['a value', (context) => perMessage(context, () => given({ price: 1 })), other],
    ['nothing', (context) => perMessage(context, () => given(undefined)), other],
    ['no list', (context) => flatMap(context, (m) => given(m)), other],
    ['null in a list', (context) => lookup(context, async () => [given(null)], { timeoutMs: 9 }), other],
    ['nothing of a lookup', (context) => lookup(context, async () => given(undefined), { timeoutMs: 9 }), other],
    ['a message of a lookup', (context) => lookup(context, async (m) => given(m), { timeoutMs: 9 }), other],
    ['a lookup that waits for nothing', (context) => lookup(context, () => given(undefined), { timeoutMs: 9 }), other],
  ])('%s', async (_what, create, reason) => {
    expect(await run(create)).toEqual({
      out: [],
      outcomes: [Outcome.rejected, Outcome.rejected],
      reasons: [reason, reason],
    });
  });

  it('that of an earlier one, which has ended', async () => {
    const { outcomes, reasons } = await run((context) => perMessage(context, first));
    expect([outcomes, reasons]).toEqual([[Outcome.delivered, Outcome.rejected], [other]]);
  });
});
