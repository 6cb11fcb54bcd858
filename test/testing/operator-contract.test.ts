import { defer, map, type OperatorFunction, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { OperatorDeclaration } from '../../src/kit/declaration.ts';
import { holding } from '../../src/kit/holding.ts';
import { type Batch, derive, type Message } from '../../src/kit/message.ts';
import { filter, type OperatorContext, perMessage, scan } from '../../src/kit/operator.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';
import { failuresOf } from './failures.ts';

type Create = (context: OperatorContext) => OperatorFunction<Batch, Batch>;

const numberOf = ({ value }: Message) => (value as { number: number }).number;

/** Counts the messages of each key, filters every third and rejects the fifth. */
const good: Create = (context) =>
  scan<{ seen: number }>(context, {
    maxKeys: 10,
    key: ({ key }) => key ?? '',
    seed: () => ({ seen: 0 }),
    step(state, message) {
      if (numberOf(message) === 5) throw new Error('not the fifth');
      if (numberOf(message) % 3 === 0) return [];
      return [derive(message, { value: { number: numberOf(message), seen: ++state.seen } })];
    },
  });

const seenIsForgotten = { why: 'what it has seen is forgotten' };

const contractOf = (create: Create, declared: Partial<OperatorDeclaration> = { state: () => seenIsForgotten }) => {
  const declaration: OperatorDeclaration = {
    ...{ type: 'test', summary: '', options: {}, example: '', ...declared },
    create: (_options, context) => create(context),
  };
  const messages = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => ({ key: number % 2 ? 'odd' : 'even', value: { number } }));
  return operatorContract({ declaration, options: {}, messages, rejected: [4] });
};

const counts = 'ends every message or passes it on, counts each, and rejects what it can not use, alone';
const through =
  (create: Create, change: (batch: Batch) => Batch): Create =>
  (context) =>
  (batches) =>
    create(context)(batches).pipe(map(change));

const mistakes: readonly (readonly [string, Create, string])[] = [
  ['loses a message', through(good, (batch) => ({ ...batch, messages: batch.messages.slice(1) })), counts],
  [
    'passes a message on twice',
    through(good, (batch) => ({ ...batch, messages: batch.messages.flatMap((message) => [message, message]) })),
    counts,
  ],
  [
    'rejects a whole batch for one message',
    (context) => (batches) =>
      batches.pipe(
        tap(({ messages, lane, warmUp }) => {
          if (!warmUp && messages.some((message) => numberOf(message) === 5))
            for (const message of messages) context.outcomes.reject(lane, message, new Error('one of them'));
        }),
        good(context),
      ),
    counts,
  ],
  ['does not reject what it can not use', (context) => perMessage(context, (message) => message), counts],
  [
    'numbers the messages of a batch',
    (context) => (batches) =>
      defer(() => {
        let index = 0;
        return batches.pipe(
          tap(() => {
            index = 0;
          }),
          perMessage(context, (message) => derive(message, { value: { number: numberOf(message), index: index++ } })),
        );
      }),
    'gives the same however its input is cut into batches',
  ],
  [
    'keeps its state outside of the subscription',
    (context) => {
      let seen = 0;
      return perMessage(context, (message) => derive(message, { value: { number: numberOf(message), seen: seen++ } }));
    },
    'shares no state between lanes',
  ],
  [
    'keeps its state from one subscription to the next',
    (context) => {
      const seen = new Set<unknown>();
      return filter(context, (message) => seen.size !== seen.add(numberOf(message)).size);
    },
    'starts again with each subscription',
  ],
  [
    'counts warm-up messages',
    (context) => (batches) =>
      batches.pipe(
        tap(({ messages }) => {
          context.node.in += messages.length;
          context.node.out += messages.length;
        }),
      ),
    'lets warm-up messages pass by: none is counted, and none ends',
  ],
  [
    'does not say that a batch is one of warm-up messages',
    through(good, (batch) => ({ ...batch, warmUp: false })),
    'lets warm-up messages pass by: none is counted, and none ends',
  ],
  [
    'changes the values',
    (context) =>
      perMessage(context, (message) => {
        Object.assign(message.value as object, { seen: 1 });
        return message;
      }),
    'changes no message that it is given',
  ],
  [
    'turns the order of a batch round',
    through(good, (batch) => ({ ...batch, messages: batch.messages.toReversed() })),
    'keeps the order of the messages of a key',
  ],
  [
    'keeps what it holds when its lane is taken away',
    (context) => (batches) =>
      batches.pipe(
        map((batch) => {
          if (batch.warmUp) return batch;
          context.node.in += batch.messages.length;
          context.node.inFlight += batch.messages.length;
          return { ...batch, messages: [] };
        }),
      ),
    'gives back what it holds when its lane is taken away',
  ],
  [
    'leaves a timer when it is unsubscribed',
    (context) => (batches) =>
      batches.pipe(
        tap(() => void context.clock.timer(1000, () => {})),
        good(context),
      ),
    'gives back what it holds when it is unsubscribed',
  ],
];

describe('the contract of operators', () => {
  it('is kept by a good one', async () => {
    expect(await failuresOf(contractOf(good))).toEqual([]);
  });

  it('is kept by one that holds messages until the end of the input', async () => {
    const held: Create = (context) =>
      holding(context, (keeper) => {
        const messages: Message[] = [];
        return {
          take(message) {
            if (numberOf(message) === 5) throw new Error('not the fifth');
            keeper.hold(message);
            messages.push(message);
          },
          inputEnded: () => {
            for (const message of messages) keeper.pass(message);
          },
        };
      });
    expect(await failuresOf(contractOf(held))).toEqual([]);
  });

  it.each([
    ['counts the messages of a key', good],
    [
      'makes something of the time',
      (context) =>
        perMessage(context, (message) =>
          derive(message, { value: { at: context.clock.now(), number: numberOf(message) } }),
        ),
    ],
  ] satisfies [string, Create][])('fails for one that is declared as stateless and %s', async (_what, create) => {
    expect(await failuresOf(contractOf(create, { stateless: true }))).toContain(
      'depends on one message alone, where it is declared as stateless',
    );
  });

  it('fails for one that declares that a restart loses nothing, and has state', async () => {
    expect(await failuresOf(contractOf(good, { state: () => undefined }))).toContain(
      'depends on one message alone, where it is declared as stateless',
    );
  });

  it('fails for one that declares nothing of its state', async () => {
    expect(await failuresOf(contractOf(good, {}))).toEqual([
      'declares what a restart loses of its state, unless it is stateless or for routes',
    ]);
  });

  it.each(mistakes)('fails for one that %s', async (_what, create, title) => {
    expect(await failuresOf(contractOf(create))).toContain(title);
  });
});
