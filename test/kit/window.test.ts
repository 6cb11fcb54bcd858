import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { type Holder, holding, type Keeper } from '../../src/kit/holding.ts';
import { type Batch, derive, type Message, toMessage } from '../../src/kit/message.ts';
import { Outcome } from '../../src/kit/track.ts';
import { window } from '../../src/kit/window.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';
import { isBalanced, sourceMessage, testLane } from '../support/engine/operators.ts';

const { delivered, rejected, released } = Outcome;

/** One lane through an operator; what comes out stays under way until the test ends it. */
class Bench {
  readonly clock = new VirtualClock();
  readonly context = operatorContext(testEnvironment(this.clock));
  readonly lane = testLane();
  readonly input = new Subject<Batch>();
  readonly batches: unknown[][] = [];
  readonly out: Message[] = [];
  readonly outcomes = new Map<unknown, Outcome>();
  isComplete = false;
  error: unknown;
  readonly subscription;

  constructor(make: (context: Bench['context']) => ReturnType<typeof holding>) {
    this.subscription = this.input.pipe(make(this.context)).subscribe({
      next: ({ messages }) => {
        this.out.push(...messages);
        this.batches.push(messages.map(({ value }) => value));
      },
      error: (error) => {
        this.error = error;
      },
      complete: () => {
        this.isComplete = true;
      },
    });
  }

  put(...values: readonly unknown[]): void {
    const messages = values.map((value) => {
      const ended = (outcome: Outcome) => void this.outcomes.set(value, outcome);
      return toMessage(sourceMessage(value, { key: String(value).charAt(0) }), { ended });
    });
    this.input.next({ lane: this.lane, messages, warmUp: false });
    this.expectBalanced();
  }

  end(outcome: Outcome): void {
    for (const { track } of this.out.splice(0)) track.end(outcome);
    this.expectBalanced();
  }

  expectBalanced(): void {
    expect(isBalanced(this.context)).toBe(true);
  }
}

/** An operator that does with each message what the test says. */
const held = (create: (keeper: Keeper) => Holder['take'] | Holder) => (context: Bench['context']) =>
  holding(context, (keeper) => {
    const made = create(keeper);
    return typeof made === 'function' ? { take: made } : made;
  });

const joined = (messages: readonly Message[]) =>
  derive(messages[0] as Message, { value: messages.map(({ value }) => value).join('+') });
const windowed =
  (maxMessages = 10) =>
  (context: Bench['context']) =>
    window(context, { ms: 1000, maxMessages, key: ({ key }) => key ?? '', make: joined });

describe('holding', () => {
  it('filters what is neither passed on nor held, and rejects alone what throws', () => {
    const bench = new Bench(
      held((keeper) => (message) => {
        if (message.value === 'b') throw new Error('no b');
        if (message.value === 'c') keeper.pass(message);
      }),
    );
    bench.put('a', 'b', 'c', 'd');
    expect(bench.batches).toEqual([['c']]);
    expect([...bench.outcomes]).toEqual([
      ['a', Outcome.filtered],
      ['b', rejected],
      ['d', Outcome.filtered],
    ]);
  });

  it('counts what is held as in flight, and emits it later in a batch of its own', async () => {
    const bench = new Bench(
      held((keeper) => (message) => {
        keeper.hold(message);
        keeper.after(500, () => keeper.pass(message));
      }),
    );
    bench.put('a');
    bench.put('b');
    expect([bench.batches, bench.context.node.inFlight]).toEqual([[[], []], 2]);
    await bench.clock.advance(500);
    expect([bench.batches.slice(2), bench.context.node.inFlight]).toEqual([[['a'], ['b']], 0]);
    bench.expectBalanced();
  });

  it('reports once how a message that was passed on has ended', () => {
    const outcomes: unknown[] = [];
    const bench = new Bench(held((keeper) => (message) => keeper.pass(message, (outcome) => outcomes.push(outcome))));
    bench.put('a');
    bench.out[0]?.track.fork(1);
    bench.out[0]?.track.end(delivered);
    expect(outcomes).toEqual([]);
    bench.end(rejected);
    expect([outcomes, bench.outcomes.get('a')]).toEqual([[rejected], rejected]);
  });

  it('does nothing with a message that has left already', () => {
    const bench = new Bench(
      held((keeper) => (message) => {
        keeper.pass(message);
        keeper.hold(message);
        keeper.filter(message);
        keeper.reject(message, new Error('gone'));
        throw new Error('after it has gone');
      }),
    );
    bench.put('a');
    expect([bench.batches, bench.context.rejections]).toEqual([[['a']], []]);
    bench.end(delivered);
    expect(bench.outcomes.get('a')).toBe(delivered);
  });

  it('completes when nothing is held any more', async () => {
    const bench = new Bench(
      held((keeper) => (message) => {
        keeper.hold(message);
        keeper.after(500, () => keeper.filter(message));
      }),
    );
    bench.put('a');
    bench.input.complete();
    expect(bench.isComplete).toBe(false);
    await bench.clock.advance(500);
    expect(bench.isComplete).toBe(true);
  });

  it.each(['the lane is taken away', 'it is unsubscribed'])(
    'releases what it holds, and calls nobody, when %s',
    async (how) => {
      let calls = 0;
      const bench = new Bench(
        held((keeper) => (message) => {
          keeper.hold(message);
          keeper.after(500, () => calls++);
        }),
      );
      bench.put('a');
      if (how === 'the lane is taken away') bench.lane.abort.abort();
      else bench.subscription.unsubscribe();
      expect(bench.outcomes.get('a')).toBe(released);
      bench.expectBalanced();
      await bench.clock.advance(500);
      expect([calls, bench.clock.timers]).toEqual([0, 0]);
    },
  );

  it('is dead when a call of its own throws', async () => {
    const bench = new Bench(
      held((keeper) => () => {
        keeper.after(1, () => {
          throw new Error('a mistake');
        });
      }),
    );
    bench.put('a');
    await bench.clock.advance(1);
    expect(bench.error).toMatchObject({ message: 'a mistake' });
  });
});

describe('window', () => {
  it('gives one message for all of a key that came within its time', async () => {
    const bench = new Bench(windowed());
    bench.put('a1', 'b1', 'a2');
    await bench.clock.advance(900);
    bench.put('a3');
    await bench.clock.advance(100);
    expect(bench.batches.flat()).toEqual(['a1+a2+a3', 'b1']);
    bench.put('a4');
    await bench.clock.advance(1000);
    expect(bench.batches.flat().at(-1)).toBe('a4');
    expect(bench.context.node).toMatchObject({ in: 5, out: 3, filtered: 2, inFlight: 0 });
    bench.expectBalanced();
  });

  it('ends all of them as the one message does', async () => {
    const bench = new Bench(windowed());
    bench.put('a1', 'a2');
    await bench.clock.advance(1000);
    expect(bench.outcomes.size).toBe(0);
    bench.end(delivered);
    expect([...bench.outcomes]).toEqual([
      ['a1', delivered],
      ['a2', delivered],
    ]);
  });

  it('closes when it is full, and at the end of the input', async () => {
    const bench = new Bench(windowed(2));
    bench.put('a1', 'a2', 'a3');
    expect(bench.batches).toEqual([['a1+a2']]);
    bench.input.complete();
    expect([bench.batches.at(-1), bench.isComplete, bench.clock.timers]).toEqual([['a3'], true, 0]);
  });

  it('rejects the messages of which none can be made', async () => {
    const fail = () => {
      throw new Error('too odd');
    };
    const bench = new Bench((context) => window(context, { ms: 1000, maxMessages: 2, key: () => '', make: fail }));
    bench.put('a1', 'a2');
    expect([...bench.outcomes.values()]).toEqual([rejected, rejected]);
  });
});
