import { describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import { sourceMessage } from '../support/engine/operators.ts';
import { never, sourceOf, untilStopped } from './pushed-source.ts';

describe('push source', () => {
  it('takes nothing in before it is subscribed to, and gives what is pushed in one lane, with its bytes', async () => {
    const { source, intakes, subscribe, push, lanes } = sourceOf();
    await source.connect(never);
    expect(intakes).toEqual([]);
    subscribe();
    push(1, 2, 3);
    expect(lanes.map(({ id }) => id)).toEqual(['feed']);
    expect(await lanes[0]?.read(never)).toEqual({
      messages: [1, 2, 3].map((value) => sourceMessage(value)),
      bytes: 30,
    });
    await source.close();
  });

  it('gives at most a batch at a time', async () => {
    const { source, subscribe, push, read } = sourceOf({ batch: 2 });
    subscribe();
    push(1, 2, 3);
    expect([await read(), await read()]).toEqual([[1, 2], [3]]);
    await source.close();
  });

  it('ends the intake when it is unsubscribed, and still gives what it holds', async () => {
    const { intakes, subscribe, push, read } = sourceOf();
    const subscription = subscribe();
    push(1, 2);
    subscription.unsubscribe();
    expect(intakes[0]?.signal.aborted).toBe(true);
    push(3);
    expect([await read(), await read()]).toEqual([[1, 2], undefined]);
  });

  it('counts what a full queue gives up, and the time in which it did as one gap', async () => {
    const { clock, source, log, node, subscribe, push, read } = sourceOf({}, 'trades');
    subscribe();
    push(1, 2, 3, 4, 5);
    await clock.advance(2000);
    push(6);
    expect(await read()).toEqual([3, 4, 5, 6]);
    void read();
    expect(node.extra).toEqual({ dropped: 2, gaps: 1, gap_ms: 2000, open_gaps: 0 });
    expect(log.lines.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^feed: trades from .* may be missing: /),
    ]);
    await source.close();
  });

  it('counts no gap if it is not named what is missed', async () => {
    const { source, node, subscribe, push } = sourceOf();
    subscribe();
    push(1, 2, 3, 4, 5);
    await source.close();
    expect(node.extra).toEqual({ dropped: 1 });
  });

  it('asks its producer to pause while the queue is full, if that is the policy', async () => {
    const pauses: boolean[] = [];
    const { source, intakes, subscribe, push, read } = sourceOf({
      queue: { maxItems: 4, maxBytes: 1000, whenFull: 'pause' },
      receive: (intake) => {
        intakes.push(intake);
        intake.onPaused((paused) => pauses.push(paused));
        return untilStopped(intake);
      },
    });
    subscribe();
    push(1, 2, 3, 4);
    expect(intakes[0]?.paused).toBe(true);
    await read();
    expect(pauses).toEqual([true, false]);
    await source.close();
  });

  it('comes to its end when `receive` does, once what it holds was given', async () => {
    const { seen, subscribe, read, clock } = sourceOf({
      receive: async (intake) => void intake.push(sourceMessage('last'), 1),
    });
    subscribe();
    await clock.settle();
    expect(seen).toEqual({ error: undefined, isComplete: true });
    expect([await read(), await read()]).toEqual([['last'], undefined]);
  });

  it('dies of what `receive` throws', async () => {
    const refused = new FdpError('FDP_REFUSED', 'feed: the key is wrong');
    const { seen, source, subscribe, read } = sourceOf({ receive: () => Promise.reject(refused) });
    subscribe();
    expect(await read()).toBeUndefined();
    expect(seen).toEqual({ error: refused, isComplete: false });
    await source.close();
  });

  it('waits at its close until `receive` has freed what it held', async () => {
    let free = () => {};
    const { clock, source, lanes, subscribe } = sourceOf({
      receive: () =>
        new Promise((resolve) => {
          free = resolve;
        }),
    });
    subscribe();
    let isClosed = false;
    const closing = source.close().then(() => {
      isClosed = true;
    });
    await clock.settle();
    expect([isClosed, lanes[0]?.signal.aborted]).toEqual([false, true]);
    free();
    await closing;
    await source.close();
  });
});
