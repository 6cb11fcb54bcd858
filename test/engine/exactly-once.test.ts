import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RunResult, Runtime } from '../../src/engine/runtime.ts';
import { FdpError } from '../../src/errors.ts';
import { type Chance, seededChance } from '../../src/kit/chance.ts';
import { Life } from '../../src/simulate/life.ts';
import type { MemoryHook } from '../../src/simulate/memory/space.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { type Envelope, ProcessorWorld } from '../support/engine/processor.ts';

// Invariants 7, 8 and 11 of the engine, on the topology `processor` as it is shipped: whatever happens to the processes
// that work it, the stores come to what the log says.

const trade = fc.record({
  s: fc.constantFrom('A', 'B', 'C'),
  // A price of 1e15 is refused: a poison message among its neighbours.
  p: fc.constantFrom(1.5, 2, -3.25, 1e15),
  t: fc.integer({ min: 1, max: 9 }),
});
const envelope: fc.Arbitrary<Envelope> = fc.oneof(
  { weight: 12, arbitrary: fc.array(trade, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constant('{') },
);
const envelopes = fc.array(envelope, { minLength: 5, maxLength: 60 });
const batch = fc.integer({ min: 1, max: 9 });
const seed = fc.integer();

/** After that long without a sign of life a group is taken over for sure, ms. */
const leaseMs = 3300;

type Step = Parameters<MemoryHook>[0];

/**
 * The durable steps of a world as they are in life: some take a while, some fail before, and some after they were done.
 */
function disturb({ space }: ProcessorWorld, clock: VirtualClock, chance: Chance): void {
  const hook = async (step: Step) => {
    if (step === 'trim') return;
    if (chance.next() < 0.3) await clock.sleep(Math.floor(chance.next() * 40));
    if (chance.next() < 0.1) throw new FdpError('FDP_BUSY', `${step}: the answer was lost`);
  };
  space.beforeWrite = hook;
  space.afterWrite = hook;
}

interface Running {
  readonly runtime: Runtime;
  readonly ended: Promise<RunResult>;
}

function start(world: ProcessorWorld, life: Life, batchSize: number): Running {
  const runtime = new Runtime(world.plan(batchSize), life.environment);
  return { runtime, ended: runtime.run() };
}

/** Lets time pass until everything is committed, or nothing more will be. */
async function untilCaughtUp(world: ProcessorWorld, clock: VirtualClock, isOver = () => false): Promise<void> {
  for (let left = 6000; !world.isCaughtUp && !isOver(); left--) {
    if (left === 0) throw new Error('ten minutes were not enough');
    await clock.advance(100);
  }
}

async function drained(clock: VirtualClock, ...running: readonly Running[]): Promise<void> {
  for (const { runtime } of running) runtime.drain();
  for (const { ended } of running) expect(await clock.until(ended)).toEqual({ exitCode: 0, unfinished: [] });
}

/** A process that finds the world undisturbed and works off what there is. */
async function finish(world: ProcessorWorld, clock: VirtualClock, batchSize: number): Promise<void> {
  world.space.beforeWrite = undefined;
  world.space.afterWrite = undefined;
  const running = start(world, new Life(clock, 0), batchSize);
  await untilCaughtUp(world, clock);
  await drained(clock, running);
}

/** One process that is killed at its `moment`th step: at a fail point, before or after something became durable. */
async function crash(
  world: ProcessorWorld,
  clock: VirtualClock,
  { moment, batchSize, seed }: { readonly moment: number; readonly batchSize: number; readonly seed: number },
): Promise<void> {
  let left = moment;
  const never = new Promise<never>(() => {});
  const pass = async () => {
    if (life.isDead || --left > 0) return life.isDead ? never : undefined;
    life.kill();
    world.space.crash();
    return never;
  };
  const life = new Life(clock, seed, pass);
  disturb(world, clock, seededChance(seed));
  const { beforeWrite, afterWrite } = world.space;
  world.space.beforeWrite = async (step) => {
    await pass();
    await beforeWrite?.(step);
  };
  world.space.afterWrite = async (step) => {
    await pass();
    await afterWrite?.(step);
  };
  const running = start(world, life, batchSize);
  await untilCaughtUp(world, clock, () => life.isDead);
  running.runtime.drain();
  await clock.until(Promise.race([running.ended, life.death]));
}

describe('exactly once', { timeout: 30_000 }, () => {
  it('7: every trade is stored and counted once, whenever and however often the process is killed', async () => {
    const lives = fc.array(
      fc.record({
        moment: fc.integer({ min: 1, max: 120 }),
        batchSize: batch,
        seed,
        rewind: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(envelopes, lives, batch, async (log, deaths, last) => {
        const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
        for (const death of deaths) {
          await crash(world, clock, death);
          world.rewind(death.rewind);
        }
        await finish(world, clock, last);
        expect(world.stored).toEqual(world.expected);
        world.space.dispose();
      }),
      { numRuns: 40 },
    );
  });

  it('7: one process after the other is killed at each step in turn, and the work still gets done', async () => {
    const log = Array.from(
      { length: 6 },
      (_unused, nth): Envelope =>
        ['A', 'B', 'A'].map((s, index) => ({ s, p: index === 1 && nth % 3 === 0 ? 0 : 1, t: nth + index + 1 })),
    );
    for (let moment = 1; moment <= 40; moment++) {
      const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
      await crash(world, clock, { moment, batchSize: 2, seed: moment });
      await crash(world, clock, { moment, batchSize: 3, seed: -moment });
      await finish(world, clock, 4);
      expect(world.stored).toEqual(world.expected);
      world.space.dispose();
    }
  });

  it('8: replayed from any earlier position in other batches, nothing changes in the stores', async () => {
    const replays = fc.array(fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), size: batch }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(envelopes, replays, batch, async (log, again, first) => {
        const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
        await finish(world, clock, first);
        expect(world.stored).toEqual(world.expected);
        const before = world.everything;
        for (const { share, size } of again) {
          world.rewind(share);
          await finish(world, clock, size);
          expect(world.everything).toEqual(before);
        }
        world.space.dispose();
      }),
      { numRuns: 40 },
    );
  });

  it('11: lanes are revoked and assigned again while the old ones still write', async () => {
    const revocations = fc.array(fc.record({ wait: fc.integer({ min: 0, max: 60 }), partition: fc.nat(1) }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(envelopes, revocations, batch, seed, async (log, taken, size, chance) => {
        const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
        disturb(world, clock, seededChance(chance));
        const running = start(world, new Life(clock, chance), size);
        for (const { wait, partition } of taken) {
          await clock.advance(wait);
          world.revoke(partition);
        }
        await untilCaughtUp(world, clock);
        await drained(clock, running);
        expect(world.stored).toEqual(world.expected);
        world.space.dispose();
      }),
      { numRuns: 60 },
    );
  });

  it('11: two processes take the group from each other, each frozen in the middle of its work and woken later', async () => {
    const ms = fc.integer({ min: 0, max: 2000 });
    const handovers = fc.array(fc.record({ works: ms, sleepsOn: ms }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(envelopes, handovers, fc.tuple(batch, batch), seed, async (log, turns, sizes, chance) => {
        const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
        const slow = seededChance(chance);
        const lives = sizes.map((_unused, who) => {
          const life: Life = new Life(clock, chance + who, () =>
            life.environment.clock.sleep(Math.floor(slow.next() * 400)),
          );
          return life;
        });
        const running = lives.map((life, who) => start(world, life, sizes[who] ?? 1));
        for (const [turn, { works, sleepsOn }] of turns.entries()) {
          const holder = lives[turn % 2];
          await clock.advance(works);
          holder?.freeze();
          await clock.advance(leaseMs + sleepsOn);
          holder?.thaw();
        }
        await untilCaughtUp(world, clock);
        await drained(clock, ...running);
        expect(world.stored).toEqual(world.expected);
        world.space.dispose();
      }),
      { numRuns: 60 },
    );
  });
});
