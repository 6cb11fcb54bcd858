import { describe, expect, it } from 'vitest';
import type { TapeRecord } from '../../../src/simulate/recording/line.ts';
import { Player } from '../../../src/simulate/recording/player.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';

const from = 1_763_640_000_000;
const records = [0, 100, 50, 1000, 1000, 61_000].map(
  (ms, offset): TapeRecord => ({ partition: 0, offset, timestamp: from + ms, key: null, value: '1' }),
);
const to = from + 61_000;

/** A player on the virtual clock, with when each message was played: ms of the clock, and of the tape. */
function playing(speed: number | 'max', waiting = () => 0) {
  const clock = new VirtualClock();
  const played: (readonly [clock: number, tape: number])[] = [];
  const stop = new AbortController();
  let now = stop;
  let isStarting = false;
  let done = Promise.resolve();
  const player = new Player({
    ...{ clock, manifest: { from, to }, speed, waiting },
    append: async () => void played.push([clock.monotonic(), Math.round(player.now() - from)]),
    // The topologies take a second to start over.
    startOver: () => {
      now.abort();
      if (!isStarting) done = startAgain(done);
    },
  });
  async function* tape() {
    yield* records;
  }
  const startAgain = async (before: Promise<void>) => {
    isStarting = true;
    await before;
    await clock.sleep(1000);
    isStarting = false;
    played.length = 0;
    now = new AbortController();
    await player.play(tape(), now.signal);
  };
  done = player.play(tape(), stop.signal);
  return { clock, played, player, stop, done, again: () => done };
}

describe('a player', () => {
  it('plays each message at its time, one that is earlier with the one before, and stands still at the end', async () => {
    const { clock, played, player, done } = playing(1);
    await clock.until(done);
    expect(played).toEqual([0, 100, 100, 1000, 1000, 61_000].map((ms) => [ms, ms]));
    await clock.advance(5000);
    expect(player.state()).toEqual({
      at: to,
      from,
      to,
      speed: 1,
      isPaused: false,
      isCatchingUp: false,
      isOver: true,
      restarts: 0,
    });
  });

  it('is so many times as fast, and as fast as can be', async () => {
    const fast = playing(60);
    await fast.clock.until(fast.done);
    expect(fast.clock.monotonic()).toBeCloseTo(61_000 / 60, 0);
    expect(fast.played.map(([, tape]) => tape)).toEqual([0, 100, 100, 1000, 1000, 61_000]);
    const max = playing('max');
    await max.clock.until(max.done);
    expect(max.clock.monotonic()).toBe(0);
    expect(max.played.at(-1)).toEqual([0, 61_000]);
  });

  it('stands still while it is paused, plays one message a step, and goes on', async () => {
    const { clock, played, player, done } = playing(1);
    await clock.advance(500);
    player.pause(true);
    await clock.advance(10_000);
    expect(player.now() - from).toBe(500);
    expect(played).toHaveLength(3);
    player.step();
    await clock.settle();
    expect([played.length, player.now() - from]).toEqual([4, 1000]);
    player.pause(false);
    await clock.until(done);
    expect(played.at(-1)).toEqual([10_500 + 60_000, 61_000]);
  });

  it('that is paused catches up until what was played is read, too', async () => {
    let waiting = 0;
    const { clock, player } = playing(1, () => waiting);
    await clock.advance(10);
    player.pause(true);
    waiting = 3;
    player.goTo(from + 2000);
    await clock.settle();
    expect(player.state()).toMatchObject({ at: from + 1000, isPaused: true, isCatchingUp: true });
    waiting = 0;
    expect(player.state()).toMatchObject({ isPaused: true, isCatchingUp: false });
  });

  it('goes forward at once, and on from there at its speed', async () => {
    const { clock, played, player, done } = playing(1);
    await clock.advance(10);
    player.goTo(from + 2000);
    await clock.settle();
    expect(played).toHaveLength(5);
    player.setSpeed(10);
    await clock.until(done);
    expect(clock.monotonic()).toBeCloseTo(10 + 6000, 0);
  });

  it('goes back: from the beginning at once up to there, and on from there as it was', async () => {
    const { clock, played, player, again } = playing(1);
    await clock.advance(30_000);
    player.goTo(from + 150);
    await clock.settle();
    await clock.advance(999);
    expect(player.state()).toMatchObject({ at: from + 30_000, restarts: 0 });
    await clock.advance(1);
    expect(played.map(([, at]) => at)).toEqual([0, 100, 100]);
    expect(player.state()).toMatchObject({ at: from + 100, isPaused: false, restarts: 1 });
    await clock.advance(900);
    expect(played.at(-1)).toEqual([31_900, 1000]);
    await clock.until(again());
    expect(player.state()).toMatchObject({ isOver: true, restarts: 1 });
    player.goTo(from);
    await clock.settle();
    await clock.advance(1000);
    expect(player.state()).toMatchObject({ at: from, isOver: false, restarts: 2 });
  });

  it('takes back one message, and another one, and is paused there', async () => {
    const { clock, played, player } = playing(1);
    await clock.advance(2000);
    expect(played).toHaveLength(5);
    player.stepBack();
    player.stepBack();
    await clock.advance(5000);
    expect(played).toHaveLength(3);
    expect(player.state()).toMatchObject({ at: from + 100, isPaused: true, restarts: 1 });
    player.step();
    await clock.settle();
    expect(played).toHaveLength(4);
    for (let back = 0; back < 6; back++) player.stepBack();
    await clock.advance(5000);
    expect([played.length, player.now() - from]).toEqual([0, 0]);
  });

  it('is paused where it went back to at full speed, and only goes forward where it must', async () => {
    const { clock, player, again } = playing('max');
    await clock.until(again());
    player.goTo(from + 1000);
    await clock.settle();
    expect(player.state()).toMatchObject({ isPaused: true, isCatchingUp: true });
    await clock.advance(1000);
    const paused = { at: from + 1000, isPaused: true, isCatchingUp: false, isOver: false, speed: 'max' };
    expect(player.state()).toMatchObject(paused);
    const forward = new Player({
      ...{ clock, manifest: { from, to }, speed: 1, waiting: () => 0, append: async () => {} },
      forwardOnly: 'kept',
    });
    forward.stepBack();
    forward.goTo(from - 1);
    expect(forward.state()).toMatchObject({ isPaused: false, restarts: 0, forwardOnly: 'kept' });
  });

  it('ends early when it is stopped', async () => {
    const { clock, played, stop, done } = playing(1);
    await clock.advance(500);
    stop.abort();
    await clock.until(done);
    expect(played).toHaveLength(3);
  });
});
