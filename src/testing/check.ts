import assert from 'node:assert/strict';
import type { Clock } from '../kit/clock.ts';
import { VirtualClock } from '../simulate/virtual-clock.ts';

/**
 * One promise of a contract, for any test runner:
 * `for (const { title, run } of checks) it(title, run)`.
 */
export interface Check {
  readonly title: string;
  run(): Promise<void>;
}

/** What every bench has: a component in a world of its own. */
export interface Bench {
  readonly clock: Clock;
  /**
   * How long a check waits for each thing that must happen, ms; 3000 unless given, on a virtual
   * clock 20 000.
   */
  readonly patienceMs?: number;
  /** Frees everything, and fails or hangs if the component has left something open. */
  dispose?(): Promise<void>;
}

/** Test runners give a test up after 5 s, and do not say what it waited for. */
const usualPatienceMs = 3000;
const virtualPatienceMs = 20_000;
/** How long a component that has failed may take to be freed, ms. */
const freeingMs = 1000;

/** What a check does with its bench, and how it frees the component after a failure. */
export interface Work<B> {
  work(bench: B): Promise<void>;
  close?(bench: B): Promise<void>;
}

/** A check on a bench that is freed at the end. */
export function onBench<B extends Bench>(title: string, make: () => Promise<B>, { work, close }: Work<B>): Check {
  return {
    title,
    run: async () => {
      const bench = await make();
      try {
        await work(bench);
      } catch (error) {
        // The failure of the check is reported, not what is left open because of it.
        if (close) await Promise.allSettled([inTime({ ...bench, patienceMs: freeingMs }, 'close', close(bench))]);
        await Promise.allSettled([bench.dispose?.()]);
        throw error;
      }
      await bench.dispose?.();
    },
  };
}

/** The result of `work`; fails when it takes too long. Virtual time moves on meanwhile. */
export async function inTime<T>({ clock, patienceMs }: Bench, what: string, work: Promise<T>): Promise<T> {
  const usualMs = clock instanceof VirtualClock ? virtualPatienceMs : usualPatienceMs;
  const over = new AbortController();
  const late = clock
    .sleep(patienceMs ?? usualMs, over.signal)
    .then(() => assert.ok(over.signal.aborted, `${what}: it never ends`));
  try {
    const first = Promise.race([work, late]);
    await (clock instanceof VirtualClock ? clock.until(first) : first);
  } finally {
    over.abort();
  }
  return work;
}

/** No timer of the component is left. */
export function assertNoTimers({ clock }: Bench): void {
  if (clock instanceof VirtualClock) assert.equal(clock.timers, 0, 'a timer is left after close');
}

/** The value, deeply frozen: changing it throws. */
export function deepFrozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) deepFrozen(inner);
  return Object.freeze(value);
}
