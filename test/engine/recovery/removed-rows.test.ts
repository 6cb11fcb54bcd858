import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { sized } from '../../support/cli/faults.ts';
import { ProcessorWorld } from '../../support/engine/processor.ts';
import { ages, batch, envelopes, finish, live, moments, old } from './restored.ts';

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
      { numRuns: sized({ full: 120, fast: 50 }) },
    );
    expect(removed).toBeGreaterThan(0);
  });
});
