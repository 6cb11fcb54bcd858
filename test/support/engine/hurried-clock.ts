import { type Clock, sleepOn, systemClock } from '../../../src/kit/clock.ts';

/** The machine's clock, `factor` times as fast: minutes of back-off over real sockets take seconds. */
export function hurriedClock(factor: number): Clock {
  const start = systemClock.now();
  const clock: Clock = {
    now: () => start + clock.monotonic(),
    monotonic: () => systemClock.monotonic() * factor,
    sleep: (ms, signal) => sleepOn(clock, ms, signal),
    timer: (ms, fn) => systemClock.timer(ms / factor, fn),
    turn: () => systemClock.turn(),
    outside: (work) => work,
  };
  return clock;
}
