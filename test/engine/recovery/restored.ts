import fc from 'fast-check';
import { expect } from 'vitest';
import { Runtime } from '../../../src/engine/runtime.ts';
import { seededChance } from '../../../src/kit/chance.ts';
import type { Environment } from '../../../src/kit/environment.ts';
import { Life } from '../../../src/simulate/life.ts';
import type { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { type recordingLog, testEnvironment } from '../../../src/testing/environment.ts';
import type { Backup, Envelope, ProcessorWorld } from '../../support/engine/processor.ts';

const trade = fc.record({
  s: fc.constantFrom('A', 'B', 'C', 'D'),
  p: fc.constantFrom(1.5, -2, 1e15),
  t: fc.integer({ min: 1, max: 9 }),
});
const envelope: fc.Arbitrary<Envelope> = fc.oneof(
  { weight: 12, arbitrary: fc.array(trade, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant('{') },
);
export const envelopes = fc.array(envelope, { minLength: 40, maxLength: 160 });
export const batch = fc.integer({ min: 1, max: 4 });

/** The settings of a process: few open batches. With those that gathered writes absorb a rewind mostly reaches the log's start all the same. */
export function planOf(world: ProcessorWorld, batchSize: number, trades: object) {
  const plan = world.plan(batchSize, trades);
  const limits = { ...plan.settings.limits, laneBatches: 2 };
  return { ...plan, settings: { ...plan.settings, limits } };
}

/**
 * Runs the processor with writes that take their time, until it is killed at the `killAt`th step of a write, or has
 * everything done before. Gives a backup of each step, the oldest first.
 */
export async function live(
  world: ProcessorWorld,
  clock: VirtualClock,
  at: { readonly killAt: number; readonly batchSize: number; readonly seed: number },
  trades: object = {},
): Promise<readonly Backup[]> {
  const backups: Backup[] = [new Map()];
  let step = 0;
  const chance = seededChance(at.seed);
  const life = new Life(clock, at.seed);
  const never = new Promise<never>(() => {});
  const hook = async () => {
    if (life.isDead) return never;
    step++;
    backups.push(world.backUp());
    if (step === at.killAt) {
      life.kill();
      world.space.crash();
      return never;
    }
    if (chance.next() < 0.5) await clock.sleep(Math.floor(chance.next() * 150));
    return life.isDead ? never : undefined;
  };
  world.space.beforeWrite = hook;
  world.space.afterWrite = hook;
  const runtime = new Runtime(planOf(world, at.batchSize, trades), life.environment);
  const ended = runtime.run();
  for (let left = 6000; !world.isCaughtUp && !life.isDead; left--) {
    if (left === 0) throw new Error('ten minutes were not enough');
    await clock.advance(100);
  }
  world.space.beforeWrite = undefined;
  world.space.afterWrite = undefined;
  runtime.drain();
  await clock.until(Promise.race([ended, life.death]));
  return backups;
}

/** The backup of so many steps before the end. */
export function old(backups: readonly Backup[], steps: number): Backup {
  return backups[Math.max(0, backups.length - 1 - steps)] ?? new Map();
}

interface Finished {
  readonly rewound: number;
  readonly gap: number;
  readonly lines: ReturnType<typeof recordingLog>['lines'];
}

/** A process that works off what there is; with what its source has counted. */
export async function finish(
  world: ProcessorWorld,
  clock: VirtualClock,
  batchSize: number,
  environment: Environment & { log: ReturnType<typeof recordingLog> } = testEnvironment(clock),
  trades: object = {},
): Promise<Finished> {
  const runtime = new Runtime(planOf(world, batchSize, trades), environment);
  const ended = runtime.run();
  await clock.advance(4000); // the lease of one that was killed runs out, and the lanes begin
  for (let left = 6000; !world.isCaughtUp; left--) {
    if (left === 0) throw new Error('ten minutes were not enough');
    await clock.advance(100);
  }
  const { extra = {} } = runtime.snapshot()[0]?.nodes[0] ?? {};
  runtime.drain();
  expect(await clock.until(ended)).toEqual({ exitCode: 0, unfinished: [] });
  return { rewound: extra['rewound'] ?? 0, gap: extra['gap'] ?? 0, lines: environment.log.lines };
}

/** How old a backup is, in steps: often of the last moments, when the last writes were under way. */
export const age = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 400 }));
/** Of each table; nothing where it is not restored. */
export const ages = fc.oneof(
  age.map((both) => ({ trades: both, symbols: both })),
  fc.record({ trades: fc.option(age), symbols: fc.option(age) }),
);
export const moments = fc.record({
  killAt: fc.integer({ min: 1, max: 800 }),
  batchSize: batch,
  seed: fc.integer(),
});
