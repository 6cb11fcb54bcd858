import { describe, expect, it } from 'vitest';
import { Changes } from '../../connectors/shared/log/changes.ts';
import { linkedAbort, onAbort, unlessAborted, withGrace, woken } from '../../src/kit/clock.ts';
import { Permits } from '../../src/kit/permits.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { countedListeners } from '../support/engine/abort-listeners.ts';

const late = () => new Error('late');

describe('the virtual clock', () => {
  it('jumps: the wall clock is set, durations and timers go on', async () => {
    const clock = new VirtualClock(1_000_000);
    let fired = 0;
    clock.timer(1000, () => fired++);
    clock.jump(3_600_000);
    expect([clock.now(), clock.monotonic(), fired]).toEqual([4_600_000, 0, 0]);
    await clock.advance(999);
    expect(fired).toBe(0);
    clock.jump(-7_200_000);
    await clock.advance(1);
    expect([clock.now(), clock.monotonic(), fired]).toEqual([-2_599_000, 1000, 1]);
  });
});

describe('abort signals', () => {
  it('calls once, at once when it is late, and never after it was cancelled', () => {
    const calls: string[] = [];
    const { controller } = linkedAbort();
    onAbort(controller.signal, () => calls.push('kept'));
    onAbort(controller.signal, () => calls.push('let go'))();
    expect(calls).toEqual([]);
    controller.abort();
    controller.abort();
    onAbort(controller.signal, () => calls.push('late'))();
    expect(calls).toEqual(['kept', 'late']);
  });

  it('wakes by either, forgets what waits, and leaves no listener', async () => {
    using listeners = countedListeners();
    const { controller } = linkedAbort();
    let wake = () => {};
    let forgotten = 0;
    const wait = (given: () => void) => {
      wake = given;
      return () => forgotten++;
    };
    const first = woken(controller.signal, wait);
    wake();
    wake();
    await first;
    expect([forgotten, listeners.count]).toEqual([1, 0]);
    const atOnce = woken(controller.signal, (given) => {
      given();
      return () => forgotten++;
    });
    await atOnce;
    expect([forgotten, listeners.count]).toEqual([2, 0]);
    const second = woken(controller.signal, wait);
    controller.abort();
    await second;
    expect(forgotten).toBe(3);
    await woken(controller.signal, () => expect.unreachable('nobody waits under a signal that has aborted'));
  });

  it('returns the result, or fails when it is late, and leaves no listener', async () => {
    using listeners = countedListeners();
    const { controller } = linkedAbort();
    expect(await unlessAborted(controller.signal, Promise.resolve(1), late)).toBe(1);
    await expect(unlessAborted(controller.signal, Promise.reject(new Error('failed')), late)).rejects.toThrow('failed');
    expect(listeners.count).toBe(0);
    const waiting = unlessAborted(controller.signal, new Promise(() => {}), late);
    controller.abort();
    await expect(waiting).rejects.toThrow('late');
    await expect(unlessAborted(controller.signal, new Promise(() => {}), late)).rejects.toThrow('late');
  });

  it('leaves none behind wherever something is waited for under a signal that lives on', async () => {
    using listeners = countedListeners();
    const clock = new VirtualClock();
    const { controller } = linkedAbort();
    const { signal } = controller;
    const permits = new Permits(1, 1000);
    const changes = new Changes();
    for (let round = 0; round < 100; round++) {
      const slept = clock.sleep(10, signal);
      await clock.advance(10);
      await slept;
      permits.take(1);
      const free = permits.whenFree(signal);
      permits.giveBack(1);
      await free;
      const changed = changes.since('a', changes.version('a'), signal);
      changes.tell('a');
      await changed;
      await withGrace(clock, Promise.resolve(), { signal, graceMs: 10, late });
      linkedAbort(signal).release();
      expect(listeners.count).toBe(0);
    }
  });
});
