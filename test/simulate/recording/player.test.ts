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
  const player = new Player({
    ...{ clock, manifest: { from, to }, speed, waiting },
    append: async () => void played.push([clock.monotonic(), Math.round(player.now() - from)]),
  });
  const stop = new AbortController();
  async function* tape() {
    yield* records;
  }
  const done = player.play(tape(), stop.signal);
  return { clock, played, player, stop, done };
}

describe('a player', () => {
  it('plays each message at its time, one that is earlier with the one before, and stands still at the end', async () => {
    const { clock, played, player, done } = playing(1);
    await clock.until(done);
    expect(played).toEqual([0, 100, 100, 1000, 1000, 61_000].map((ms) => [ms, ms]));
    await clock.advance(5000);
    expect(player.state()).toEqual({ at: to, from, to, speed: 1, isPaused: false, isOver: true });
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

  it('goes forward at once, and on from there at its speed', async () => {
    const { clock, played, player, done } = playing(1);
    await clock.advance(10);
    player.forwardTo(from + 2000);
    await clock.settle();
    expect(played).toHaveLength(5);
    player.setSpeed(10);
    await clock.until(done);
    expect(clock.monotonic()).toBeCloseTo(10 + 6000, 0);
  });

  it('ends early when it is stopped', async () => {
    const { clock, played, stop, done } = playing(1);
    await clock.advance(500);
    stop.abort();
    await clock.until(done);
    expect(played).toHaveLength(3);
  });
});
