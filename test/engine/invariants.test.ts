import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import { seededChance } from '../../src/kit/chance.ts';
import { derive } from '../../src/kit/message.ts';
import { filter, flatMap } from '../../src/kit/operator.ts';
import type { Receipt } from '../../src/kit/sink.ts';
import { idsOf, isConserved, keys, numbered, snapshotOf, World } from '../support/engine/engine-world.ts';
import { operatorPlan } from '../support/engine/world.ts';

/** Faults drawn from a seed: transient, unclassified and partial failures, delays, refusals. */
function faultySink(world: World, seed: number, refusals: boolean): void {
  const chance = seededChance(seed);
  const blocked = new Set<string>();
  world.sink.write = async (messages): Promise<Receipt> => {
    await world.clock.sleep(Math.floor(chance.next() * 30));
    const dice = chance.next();
    if (dice < 0.15) throw new FdpError('FDP_CONNECTION_LOST', 'sink: lost');
    if (dice < 0.2) throw new Error('unclassified');
    blocked.clear();
    const failed = new Map<number, Error>();
    for (const [index, message] of messages.entries()) {
      const { id } = message.value as { id: number };
      if (refusals && id % 17 === 0) failed.set(index, new FdpError('FDP_MESSAGE_REFUSED', 'sink: no'));
      else if (blocked.has(String(message.key)) || chance.next() < 0.1) {
        blocked.add(String(message.key));
        failed.set(index, new FdpError('FDP_BUSY', 'sink: later'));
      } else world.sink.written.push(message);
    }
    return { failed };
  };
}

describe('engine invariants', () => {
  const settings = { numRuns: 60 };
  const shapes = fc.record({
    seed: fc.integer(),
    partitions: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 4 }),
    batchSize: fc.integer({ min: 1, max: 20 }),
  });

  it('1, 2, 3: conserves messages at any instant, settles each once, never commits above the lowest unsettled', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ seed, partitions, batchSize }) => {
        const world = new World(...partitions.map((count, index) => numbered(count, index * 1000)));
        world.log.batchSize = batchSize;
        faultySink(world, seed, true);
        const fan = operatorPlan((_options, context) =>
          flatMap(context, (message) => [
            message,
            derive(message, { value: { ...(message.value as object), twin: true } }),
          ]),
        );
        const thin = operatorPlan((_options, context) =>
          filter(context, (message) => (message.value as { id: number }).id % 3 !== 0),
        );
        const { runtime, ended } = world.start({ operators: [thin, fan] });
        let done = false;
        void ended.then(() => {
          done = true;
        });
        while (!done) {
          await world.clock.advance(7);
          const snapshot = snapshotOf(runtime);
          expect(isConserved(snapshot)).toBe(true);
          const committed = world.log.partitions.reduce((sum, partition) => sum + partition.committed, 0);
          expect(committed).toBeLessThanOrEqual(snapshot.read - snapshot.inFlight);
        }
        const total = partitions.reduce((sum, count) => sum + count, 0);
        expect(snapshotOf(runtime)).toMatchObject({ read: total, inFlight: 0, released: 0 });
        for (const [index, { committed, commits }] of world.log.partitions.entries()) {
          expect(committed).toBe(partitions[index]);
          expect([...commits].sort((a, b) => a - b)).toEqual(commits);
        }
      }),
      settings,
    );
  });

  it('4: keeps the order of each key at an ordered sink, retries included', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ seed, partitions, batchSize }) => {
        const world = new World(...partitions.map((count, index) => numbered(count, index * 1000)));
        world.log.batchSize = batchSize;
        faultySink(world, seed, false);
        await world.runToEnd();
        for (const lane of partitions.keys())
          for (const key of keys) {
            const ids = idsOf(world.sink.written.filter((m) => m.key === key && m.meta.partition === lane));
            expect(ids).toEqual([...ids].sort((a, b) => a - b));
            expect(new Set(ids).size).toBe(ids.length);
          }
        // Five errors that nobody classified may meet one message: it is a letter then.
        const settled = world.sink.written.length + world.letters.written.length;
        expect(settled).toBe(partitions.reduce((sum, count) => sum + count, 0));
      }),
      { ...settings, examples: [[{ seed: -1217559124, partitions: [17], batchSize: 1 }]] },
    );
  });

  it('5: stays within the limits in flight', async () => {
    const limits = { laneBatches: 3, topologyBatches: 5, laneBytes: 2500, topologyBytes: 4000 };
    await fc.assert(
      fc.asyncProperty(shapes, async ({ seed, partitions, batchSize }) => {
        const world = new World(...partitions.map((count, index) => numbered(count * 5, index * 1000)));
        world.log.batchSize = batchSize;
        faultySink(world, seed, true);
        const { runtime, ended } = world.start({ limits });
        const bytes = Math.max(limits.topologyBytes, limits.laneBytes) + partitions.length * batchSize * 100;
        const batches = (limits.topologyBatches + partitions.length) * batchSize;
        let done = false;
        void ended.then(() => {
          done = true;
        });
        while (!done) {
          await world.clock.advance(5);
          expect(snapshotOf(runtime).inFlight).toBeLessThanOrEqual(Math.min(batches, bytes / 100));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('6: drains in time at any moment and leaves nothing in flight', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 0, max: 2000 }), async ({ seed, partitions, batchSize }, moment) => {
        const world = new World(...partitions.map((count, index) => numbered(count * 10, index * 1000)));
        world.log.ends = false;
        world.log.batchSize = batchSize;
        faultySink(world, seed, true);
        const { runtime, ended } = world.start({ shutdownMs: 60_000 });
        await world.clock.advance(moment);
        runtime.drain();
        const { exitCode } = await world.clock.until(ended);
        expect(exitCode).toBe(0);
        expect(snapshotOf(runtime).inFlight).toBe(0);
        expect(world.clock.timers).toBe(0);
        const settled = world.sink.written.length + world.letters.written.length;
        expect(world.log.partitions.reduce((sum, { committed }) => sum + committed, 0)).toBe(settled);
      }),
      settings,
    );
  });

  it('11: loses nothing when lanes are revoked and handed over at any moment', async () => {
    await fc.assert(
      fc.asyncProperty(
        shapes,
        fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 6 }),
        async ({ seed, partitions, batchSize }, pauses) => {
          const world = new World(...partitions.map((count, index) => numbered(count, index * 1000)));
          world.log.ends = false;
          world.log.batchSize = batchSize;
          faultySink(world, seed, false);
          const { runtime, ended } = world.start({ shutdownMs: 60_000 });
          for (const pause of pauses) {
            await world.clock.advance(pause);
            world.log.rebalance();
            expect(isConserved(snapshotOf(runtime))).toBe(true);
          }
          await world.clock.advance(60_000);
          runtime.drain();
          await world.clock.until(ended);
          expect(isConserved(snapshotOf(runtime))).toBe(true);
          const total = partitions.reduce((sum, count) => sum + count, 0);
          expect(new Set(idsOf(world.sink.written)).size).toBe(total);
          expect(world.log.partitions.map(({ committed }) => committed)).toEqual(partitions);
        },
      ),
      settings,
    );
  });
});
