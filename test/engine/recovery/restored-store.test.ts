import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Runtime } from '../../../src/engine/runtime.ts';
import { seededChance } from '../../../src/kit/chance.ts';
import type { Environment } from '../../../src/kit/environment.ts';
import { Life } from '../../../src/simulate/life.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { type recordingLog, testEnvironment } from '../../../src/testing/environment.ts';
import { type Backup, type Envelope, ProcessorWorld } from '../../support/engine/processor.ts';

const trade = fc.record({
  s: fc.constantFrom('A', 'B', 'C', 'D'),
  p: fc.constantFrom(1.5, -2, 1e15),
  t: fc.integer({ min: 1, max: 9 }),
});
const envelope: fc.Arbitrary<Envelope> = fc.oneof(
  { weight: 12, arbitrary: fc.array(trade, { maxLength: 3 }) },
  { weight: 1, arbitrary: fc.constant('{') },
);
const envelopes = fc.array(envelope, { minLength: 40, maxLength: 160 });
const batch = fc.integer({ min: 1, max: 4 });

/** The settings of a process: few open batches, so that a rewind can't simply reach the log's start. */
function planOf(world: ProcessorWorld, batchSize: number, trades: object) {
  const plan = world.plan(batchSize, trades);
  const limits = { ...plan.settings.limits, laneBatches: 2 };
  return { ...plan, settings: { ...plan.settings, limits } };
}

/**
 * Runs the processor with writes that take their time, until it is killed at the `killAt`th step of a write, or has
 * everything done before. Gives a backup of each step, the oldest first.
 */
async function live(
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
function old(backups: readonly Backup[], steps: number): Backup {
  return backups[Math.max(0, backups.length - 1 - steps)] ?? new Map();
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
const age = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 400 }));
/** Of each table; nothing where it is not restored. */
const ages = fc.oneof(
  age.map((both) => ({ trades: both, symbols: both })),
  fc.record({ trades: fc.option(age), symbols: fc.option(age) }),
);
const moments = fc.record({
  killAt: fc.integer({ min: 1, max: 800 }),
  batchSize: batch,
  seed: fc.integer(),
});

describe('a store that was restored from a backup', { timeout: 240_000 }, () => {
  it('gets back what it has lost, whenever the backup was taken, also one table of two: each trade stored and counted once', async () => {
    await fc.assert(
      fc.asyncProperty(envelopes, moments, ages, batch, async (log, at, { trades, symbols }, last) => {
        const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
        const backups = await live(world, clock, at);
        if (trades !== null) world.restore(old(backups, trades), 'trades');
        if (symbols !== null) world.restore(old(backups, symbols), 'symbols');
        await finish(world, clock, last);
        expect(world.stored).toEqual(world.expected);
        const before = world.everything;
        expect((await finish(world, clock, last)).rewound).toBe(0);
        expect(world.everything).toEqual(before);
        world.space.dispose();
      }),
      { numRuns: 250 },
    );
  });

  it('is seen also when the write that it lacks became durable last, but was confirmed before another', async () => {
    const [world, clock] = [
      new ProcessorWorld([[{ s: 'A', p: 1, t: 1 }], [{ s: 'A', p: 1, t: 2 }]]),
      new VirtualClock(),
    ];
    let [inserts, backup] = [0, new Map() as Backup];
    world.space.beforeWrite = async (step) => {
      if (step !== 'insert' || ++inserts === 1) return;
      await clock.sleep(20);
      backup = world.backUp();
    };
    world.space.afterWrite = async (step) => {
      if (step === 'insert' && inserts === 1) await clock.sleep(100);
    };
    const runtime = new Runtime(planOf(world, 1, {}), testEnvironment(clock));
    const ended = runtime.run();
    while (!world.isCaughtUp) await clock.advance(100);
    runtime.drain();
    await clock.until(ended);
    world.space.beforeWrite = undefined;
    world.space.afterWrite = undefined;
    expect(backup.get('trades')?.rows.size).toBe(1);

    world.restore(backup, 'trades');
    expect((await finish(world, clock, 1)).rewound).toBeGreaterThan(0);
    expect(world.stored).toEqual(world.expected);
    world.space.dispose();
  });

  it('cannot get back what the log has removed meanwhile: that is counted as a gap, and nothing is counted twice', async () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(envelopes, moments, age, share, batch, async (log, at, steps, trimmed, last) => {
        const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
        const { expected } = world;
        const backups = await live(world, clock, at);
        for (const name of ['trades', 'symbols'] as const) world.restore(old(backups, steps), name);
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

  it('is filled again from the log when it was emptied, with one log line for each lane', async () => {
    const log = Array.from(
      { length: 60 },
      (_unused, index): Envelope => [{ s: index % 2 ? 'A' : 'B', p: 1, t: index + 1 }],
    );
    const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
    await live(world, clock, { killAt: 0, batchSize: 3, seed: 1 });
    const committed = world.committed;
    world.restore(new Map(), 'trades');
    world.restore(new Map(), 'symbols');
    const { rewound, gap, lines } = await finish(world, clock, 3);
    expect([rewound, gap]).toEqual([60, 0]);
    expect(world.stored).toEqual(world.expected);
    expect(world.committed).toEqual(committed);
    const logged = lines.filter(({ text }) => text.includes('is read again from offset'));
    expect(logged.map(({ level, fields }) => [level, fields])).toEqual(
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

describe('a store that removes its oldest rows in time', { timeout: 240_000 }, () => {
  const limits = { keep: '1s' };
  const missing = (world: ProcessorWorld, expected: readonly string[]) => {
    const stored = new Set(world.stored.trades);
    expect(stored.size).toBe(world.stored.trades.length);
    return expected.filter((key) => !stored.has(key));
  };
  /** Each trade is stored once, or lies where rows of its lane were removed; and is counted once in any case. */
  const expectKept = (world: ProcessorWorld) => {
    const { trades, symbols } = world.expected;
    for (const key of missing(world, trades)) {
      const [, partition, offset] = /-(\d+)-(\d+)--/.exec(key) ?? [];
      const [last = -1] = world.removedTo.get(`log/raw_stock_ticks/${partition}`) ?? [];
      expect(Number(offset), key).toBeLessThanOrEqual(last);
    }
    expect(world.stored.trades.filter((key) => !trades.includes(key))).toEqual([]);
    expect(world.stored.symbols).toEqual(symbols);
  };

  it('stores no removed row again, whatever is killed, restored or replayed, and counts each trade once', async () => {
    let removed = 0;
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    await fc.assert(
      fc.asyncProperty(envelopes, moments, ages, share, batch, async (log, at, { trades, symbols }, back, last) => {
        const [world, clock] = [new ProcessorWorld(log), new VirtualClock()];
        const backups = await live(world, clock, at, limits);
        if (trades !== null) world.restore(old(backups, trades), 'trades');
        if (symbols !== null) world.restore(old(backups, symbols), 'symbols');
        await finish(world, clock, last, testEnvironment(clock), limits);
        expectKept(world);
        const before = world.stored.trades;
        expect((await finish(world, clock, last, testEnvironment(clock), limits)).rewound).toBe(0);
        world.rewind(back);
        await finish(world, clock, last, testEnvironment(clock), limits);
        expectKept(world);
        expect(world.stored.trades.filter((key) => !before.includes(key))).toEqual([]);
        removed += world.removedTo.size;
        world.space.dispose();
      }),
      { numRuns: 120 },
    );
    expect(removed).toBeGreaterThan(0);
  });
});
