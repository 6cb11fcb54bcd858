import { setMaxListeners } from 'node:events';

/**
 * Time and turns of the event loop. Nothing else in fdp reads the machine's clock or sets timers.
 */
export interface Clock {
  /** Wall clock, Unix ms. May jump; never used to measure a duration. */
  now(): number;
  /** Monotonic clock, ms since an arbitrary moment. */
  monotonic(): number;
  /**
   * Resolves after `ms`, or at once when `signal` aborts: the caller checks the signal. Never
   * rejects.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `fn` after `ms`; the returned function cancels it. */
  timer(ms: number, fn: () => void): () => void;
  /** Lets the event loop turn once, so that I/O gets its share. */
  turn(): Promise<void>;
  /** Marks work outside the process's own promises (a file write): virtual time waits for it. */
  outside<T>(work: Promise<T>): Promise<T>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
  timer: (ms, fn) => {
    const handle = setTimeout(fn, ms);
    return () => clearTimeout(handle);
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  outside: (work) => work,
};

/** Calls `fn` after `ms` of the machine's clock; the timer does not keep the process alive. */
export function ifStillAlive(ms: number, fn: () => void): void {
  setTimeout(fn, ms).unref();
}

/** `Clock.sleep` in terms of `Clock.timer`, for every clock. */
export function sleepOn(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return woken(signal, (wake) => clock.timer(ms, wake));
}

/**
 * Calls `fn` once when `signal` aborts, immediately if it has already; the returned function
 * removes the listener. The only code that listens to one: a signal may live as long as the
 * process, and keeps every listener that is not removed.
 */
export function onAbort(signal: AbortSignal, fn: () => void): () => void {
  if (signal.aborted) {
    fn();
    return () => {};
  }
  signal.addEventListener('abort', fn, { once: true });
  return () => signal.removeEventListener('abort', fn);
}

/**
 * Waits until the function given to `wait` is called, or `signal` aborts. What `wait` returns is
 * called then, to forget that function. Leaves no listener behind.
 */
export function woken(signal: AbortSignal | undefined, wait: (wake: () => void) => () => void): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    let isAwake = false;
    let undo = () => {};
    const wake = () => {
      if (isAwake) return;
      isAwake = true;
      undo();
      resolve();
    };
    const forget = wait(wake);
    const release = signal ? onAbort(signal, wake) : () => {};
    undo = () => {
      forget();
      release();
    };
    if (isAwake) undo();
  });
}

/** The result of `work`; throws `late` as soon as `signal` aborts. Leaves no listener behind. */
export async function unlessAborted<T>(signal: AbortSignal, work: T | Promise<T>, late: () => Error): Promise<T> {
  let release = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    release = onAbort(signal, () => reject(late()));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    release();
  }
}

/**
 * An abort controller that follows others; `release()` detaches it. Any number of listeners is
 * normal on it.
 */
export function linkedAbort(...parents: readonly AbortSignal[]): { controller: AbortController; release: () => void } {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const follow = () => controller.abort();
  const releases = parents.map((parent) => onAbort(parent, follow));
  return {
    controller,
    release: () => {
      for (const release of releases) release();
    },
  };
}

/**
 * The result of `work`. After `signal` aborts, waits at most `graceMs` more, then throws `late`.
 * Leaves neither timer nor listener behind.
 */
export async function withGrace<T>(
  clock: Clock,
  work: Promise<T>,
  limit: { readonly signal: AbortSignal; readonly graceMs: number; late(): Error },
): Promise<T> {
  const { signal, graceMs } = limit;
  let cancel = () => {};
  let release = () => {};
  const over = new Promise<never>((_resolve, reject) => {
    release = onAbort(signal, () => {
      cancel = clock.timer(graceMs, () => reject(limit.late()));
    });
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    cancel();
    release();
  }
}

/**
 * Waits for `work`, but no longer than `ms`: true if it ended in time, with a result or an error.
 */
export async function endedWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  const ended = work.then(
    () => true,
    () => true,
  );
  const late = clock.sleep(ms, over.signal).then(() => false);
  try {
    return await Promise.race([ended, late]);
  } finally {
    over.abort();
  }
}
