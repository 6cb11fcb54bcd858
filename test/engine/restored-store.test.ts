import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededChance } from '../../src/engine/chance.ts';
import type { Environment } from '../../src/engine/component.ts';
import { Runtime } from '../../src/engine/runtime.ts';
import { VirtualClock } from '../../src/engine/virtual-clock.ts';
import { type recordingLog, testEnvironment } from '../support/environment.ts';
import { Life } from '../support/life.ts';
import { type Backup, type Envelope, ProcessorWorld } from '../support/processor.ts';

const trade = fc.record({
  s: fc.constantFrom('A', 'B', 'C', 'D'),
  p: fc.constantFrom(1.5, 2, 0),
  t: fc.integer({ min: 1, max: 9 }),
});
const envelope: fc.Arbitrary<Envelope> = fc.oneof(
  { weight: 12, arbitrary: fc.array(trade, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant('{') },
);
const envelopes = fc.array(envelope, { minLength: 40, maxLength: 160 });
const batch = fc.integer({ min: 1, max: 4 });

/** What a process is told when it is made: few open batches, so that a rewind can't simply reach the log's start. */
function planOf(world: ProcessorWorld, batchSize: number) {
  const plan = world.plan(batchSize);
  const limits = { ...plan.settings.limits, laneBatches: 2 };
  return { ...plan, settings: { ...plan.settings, limits } };
}

/**
 * Runs the processor with writes that take their time; a backup is taken at the `backupAt`th step of a write, and the
 * process is killed at the `killAt`th, or has everything done before.
 */
async function live(
  world: ProcessorWorld,
  clock: VirtualClock,
  at: { readonly backupAt: number; readonly killAt: number; readonly batchSize: number; readonly seed: number },
): Promise<Backup> {
  let backup: Backup = new Map();
  let step = 0;
  const chance = seededChance(at.seed);
  const life = new Life(clock, at.seed);
  const never = new Promise<never>(() => {});
  const hook = async () => {
    if (life.isDead) return never;
    step++;
    if (step === at.backupAt) backup = world.backUp();
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
  const runtime = new Runtime(planOf(world, at.batchSize), life.environment);
  const ended = runtime.run();
  for (let left = 6000; !world.isCaughtUp && !life.isDead; left--) {
    if (left === 0) throw new Error('ten minutes were not enough');
    await clock.advance(100);
  }
  world.space.beforeWrite = undefined;
  world.space.afterWrite = undefined;
  runtime.drain();
  await clock.until(Promise.race([ended, life.death]));
  return backup;
}

interface Finished {
  readonly rewound: number;
  readonly gap: number;
  readonly lines: ReturnType<typeof recordingLog>['lines'];
}

/** A process that works off what there is; with what its source has counted. */
async function finish(
  world: ProcessorWorld,
  clock: VirtualClock,
  batchSize: number,
  environment: Environment & { log: ReturnType<typeof recordingLog> } = testEnvironment(clock),
): Promise<Finished> {
  const runtime = new Runtime(planOf(world, batchSize), environment);
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

const restored = fc.constantFrom<readonly ('trades' | 'symbols')[]>(['trades', 'symbols'], ['trades'], ['symbols']);
const moments = fc.record({
  backupAt: fc.integer({ min: 0, max: 200 }),
  killAt: fc.integer({ min: 1, max: 400 }),
  batchSize: batch,
  seed: fc.integer(),
});

describe('a store that was restored from a backup', { timeout: 60_000 }, () => {
  it('gets back what it has lost, whenever the backup was taken, also one table of two: each trade stored and counted once', async () => {
    await fc.assert(
      fc.asyncProperty(envelopes, moments, restored, batch, async (log, at, names, last) => {
        const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
        const backup = await live(world, clock, at);
        for (const name of names) world.restore(backup, name);
        await finish(world, clock, last);
        expect(world.stored).toEqual(world.expected);
        const before = world.everything;
        expect((await finish(world, clock, last)).rewound).toBe(0);
        expect(world.everything).toEqual(before);
        world.space.dispose();
      }),
      { numRuns: 150 },
    );
  });

  it('cannot get back what the log has removed meanwhile: that is counted as a gap, and nothing is counted twice', async () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(envelopes, moments, share, batch, async (log, at, trimmed, last) => {
        const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
        const { expected } = world;
        const backup = await live(world, clock, at);
        for (const name of ['trades', 'symbols'] as const) world.restore(backup, name);
        world.trim(trimmed);
        const kept = new Set([...world.stored.trades, ...world.expected.trades]);
        const { gap, lines } = await finish(world, clock, last);
        expect(world.stored.trades).toEqual(expected.trades.filter((key) => kept.has(key)));
        if (kept.size < expected.trades.length) {
          expect(gap).toBeGreaterThan(0);
          expect(lines.filter(({ level }) => level === 'error').length).toBeGreaterThan(0);
        }
        for (const [symbol, counted] of Object.entries(world.stored.symbols))
          expect(Number(counted?.[0])).toBeLessThanOrEqual(Number(expected.symbols[symbol]?.[0]));
        world.space.dispose();
      }),
      { numRuns: 100 },
    );
  });

  it('is filled again from the log when it was emptied, with one line for each lane that says it', async () => {
    const log = Array.from(
      { length: 60 },
      (_unused, place): Envelope => [{ s: place % 2 ? 'A' : 'B', p: 1, t: place + 1 }],
    );
    const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
    await live(world, clock, { backupAt: 0, killAt: 0, batchSize: 3, seed: 1 });
    const committed = world.committed;
    world.restore(new Map(), 'trades');
    world.restore(new Map(), 'symbols');
    const { rewound, gap, lines } = await finish(world, clock, 3);
    expect([rewound, gap]).toEqual([60, 0]);
    expect(world.stored).toEqual(world.expected);
    expect(world.committed).toEqual(committed);
    const said = lines.filter(({ text }) => text.includes('is read again from offset'));
    expect(said.map(({ level, fields }) => [level, fields])).toEqual(
      committed
        .map((from, partition) => ({ lane: `log/raw_stock_ticks/${partition}`, from, to: 0, messages: from }))
        .filter(({ from }) => from > 0)
        .map((fields) => ['warn', { ...fields, stores: 'trades, symbols' }]),
    );
  });

  it('is never seen where there was none: killed at any step, nothing is read again but what was not committed', async () => {
    await fc.assert(
      fc.asyncProperty(envelopes, moments, batch, async (log, at, last) => {
        const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
        await live(world, clock, at);
        expect((await finish(world, clock, last)).rewound).toBe(0);
        expect(world.stored).toEqual(world.expected);
        world.space.dispose();
      }),
      { numRuns: 60 },
    );
  });
});
