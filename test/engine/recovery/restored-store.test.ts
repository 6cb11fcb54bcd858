import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Runtime } from '../../../src/engine/runtime.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { sized } from '../../support/cli/faults.ts';
import { type Backup, type Envelope, ProcessorWorld } from '../../support/engine/processor.ts';
import { age, ages, batch, envelopes, finish, live, moments, old, planOf } from './restored.ts';

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
      { numRuns: sized({ full: 250, fast: 80 }) },
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
      { numRuns: sized({ full: 100, fast: 50 }) },
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
