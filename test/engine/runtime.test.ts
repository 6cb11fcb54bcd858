import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import { seededChance } from '../../src/kit/chance.ts';
import { derive } from '../../src/kit/message.ts';
import { filter, flatMap, perMessage } from '../../src/kit/operator.ts';
import { coordinatesOf } from '../../src/kit/origin.ts';
import type { Receipt } from '../../src/kit/sink.ts';
import { idsOf, isConserved, keys, numbered, snapshotOf, World } from '../support/engine/engine-world.ts';
import { connectorOf, operatorPlan, WorldSink } from '../support/engine/world.ts';

describe('runtime', () => {
  it('delivers everything, commits the end of each partition and ends with 0', async () => {
    const world = new World(numbered(20), numbered(15, 100));
    const { result, snapshot } = await world.runToEnd();
    expect(result).toEqual({ exitCode: 0, unfinished: [] });
    expect(idsOf(world.sink.written).sort((a, b) => a - b)).toEqual(
      [...numbered(20), ...numbered(15, 100)].map(({ id }) => id),
    );
    expect(world.log.partitions.map(({ committed }) => committed)).toEqual([20, 15]);
    expect(snapshot).toMatchObject({ read: 35, delivered: 35, inFlight: 0, state: 'stopped' });
    expect(isConserved(snapshot)).toBe(true);
    expect([world.sink.connects, world.sink.closes]).toEqual([1, 1]);
    expect([world.letters.connects, world.letters.closes]).toEqual([1, 1]);
  });

  it('retries a transient failure without end, in order, and is red meanwhile', async () => {
    const world = new World(numbered(20));
    let failures = 40;
    world.sink.write = async (messages) => {
      if (failures-- > 0) throw new FdpError('FDP_CONNECTION_LOST', 'sink: gone');
      return world.sink.keep(messages);
    };
    const { runtime, ended } = world.start();
    await world.clock.advance(500);
    expect(snapshotOf(runtime)).toMatchObject({ ready: false, reason: 'sink: sink: gone', delivered: 0 });
    expect((await world.clock.until(ended)).exitCode).toBe(0);
    expect(idsOf(world.sink.written)).toEqual(numbered(20).map(({ id }) => id));
    expect(snapshotOf(runtime).nodes.find(({ name }) => name === 'sink')?.retries).toBe(40);
  });

  it('tries an unclassified failure of one message five times, then puts it in the dead letter; the others continue', async () => {
    const world = new World(numbered(20));
    let attempts = 0;
    world.sink.write = async (messages) => {
      const poison = messages.findIndex((message) => (message.value as { id: number }).id === 11);
      if (poison >= 0 && messages.length === 1) attempts++;
      if (poison >= 0) throw new Error('cannot store eleven');
      return world.sink.keep(messages);
    };
    const { snapshot } = await world.runToEnd();
    expect(idsOf(world.sink.written)).toEqual(
      numbered(20)
        .map(({ id }) => id)
        .filter((id) => id !== 11),
    );
    expect(attempts).toBe(5);
    expect(snapshot).toMatchObject({ delivered: 19, rejected: 1 });
    expect(world.letters.values).toMatchObject([
      {
        code: 'FDP_MESSAGE_INVALID',
        reason: 'cannot store eleven',
        node: 'sink',
        sink: 'sink',
        origin: { offset: 11, key: 'C' },
      },
    ]);
    expect(world.log.partitions[0]?.committed).toBe(20);
  });

  it('rejects permanently refused messages at once and keeps the rest of the batch', async () => {
    const world = new World(numbered(20));
    let writes = 0;
    world.sink.write = async (messages): Promise<Receipt> => {
      writes++;
      const refused = new FdpError('FDP_MESSAGE_REFUSED', 'sink: no');
      const failed = new Map(
        [...messages.entries()]
          .filter(([, { value }]) => (value as { id: number }).id % 5 === 0)
          .map(([index]) => [index, refused]),
      );
      world.sink.keep(messages.filter((_message, index) => !failed.has(index)));
      return { failed };
    };
    const { snapshot } = await world.runToEnd();
    expect(snapshot).toMatchObject({ delivered: 16, rejected: 4 });
    expect(writes).toBe(Math.ceil(20 / 7));
    expect(world.letters.written).toHaveLength(4);
  });

  it('ends with 1 and one clear line when a person must cure it', async () => {
    const world = new World(numbered(20));
    world.sink.connect = async () => {
      throw new FdpError('FDP_REFUSED', 'sink: wrong password, set SINK_PASSWORD');
    };
    const { result, snapshot } = await world.runToEnd();
    expect(result.exitCode).toBe(1);
    expect(snapshot).toMatchObject({
      state: 'failed',
      ready: false,
      reason: 'sink: wrong password, set SINK_PASSWORD',
    });
    expect(world.log.partitions[0]?.committed).toBe(0);
  });

  it('waits for a dependency that is unavailable at the start', async () => {
    const world = new World(numbered(5));
    let refusals = 30;
    world.sink.connect = async () => {
      if (refusals-- > 0) throw new FdpError('FDP_CONNECT_FAILED', 'sink: refused');
    };
    const { result } = await world.runToEnd();
    expect(result.exitCode).toBe(0);
    expect(world.sink.written).toHaveLength(5);
  });

  it('restarts a topology whose node died, five times a minute at most, then ends with 1', async () => {
    const world = new World(numbered(5));
    const { runtime, ended } = world.start();
    world.log.disturb = async () => {
      throw new FdpError('FDP_INTERNAL', 'a bug in the source', { fault: 'permanent' });
    };
    const result = await world.clock.until(ended);
    expect(result.exitCode).toBe(1);
    expect(snapshotOf(runtime).restarts).toBe(6);
    expect(snapshotOf(runtime).reason).toContain('a bug in the source');
  });

  it('continues from the last committed position after a restart', async () => {
    const world = new World(numbered(50));
    let bombs = 3;
    let reads = 0;
    world.log.disturb = async (what) => {
      if (what === 'read' && ++reads % 4 === 0 && bombs-- > 0)
        throw new FdpError('FDP_INTERNAL', 'boom', { fault: 'permanent' });
    };
    const { result, snapshot } = await world.runToEnd();
    expect(result.exitCode).toBe(0);
    expect(new Set(idsOf(world.sink.written)).size).toBe(50);
    expect(world.log.partitions[0]?.committed).toBe(50);
    expect(isConserved(snapshot)).toBe(true);
  });

  it('drains: stops reading, finishes what is in flight, commits it', async () => {
    const world = new World(numbered(1000));
    world.log.ends = false;
    world.sink.write = async (messages) => {
      await world.clock.sleep(50);
      return world.sink.keep(messages);
    };
    const { runtime, ended } = world.start();
    await world.clock.advance(500);
    runtime.drain();
    const result = await world.clock.until(ended);
    expect(result).toEqual({ exitCode: 0, unfinished: [] });
    const { length } = world.sink.written;
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThan(1000);
    expect(world.log.partitions[0]?.committed).toBe(length);
    expect(snapshotOf(runtime)).toMatchObject({ inFlight: 0, released: 0 });
  });

  it('forces a drain that takes too long: exit 3 with a report, nothing of it committed', async () => {
    const world = new World(numbered(100));
    world.log.ends = false;
    world.sink.write = () => new Promise(() => {});
    const { runtime, ended } = world.start({ shutdownMs: 3000 });
    await world.clock.advance(500);
    runtime.drain();
    const result = await world.clock.until(ended);
    expect(result.exitCode).toBe(3);
    expect(result.unfinished).toEqual([{ topology: 'test', node: 'sink', messages: 28, oldestMs: 3500 }]);
    expect(world.log.partitions[0]?.committed).toBe(0);
    expect(snapshotOf(runtime)).toMatchObject({ inFlight: 0, released: 28 });
    expect(isConserved(snapshotOf(runtime))).toBe(true);
  });

  it('halves a batch that timed out', async () => {
    const world = new World(numbered(8));
    world.log.batchSize = 8;
    const sizes: number[] = [];
    world.sink.write = async (messages, signal) => {
      sizes.push(messages.length);
      if (messages.length > 2) await world.clock.sleep(60_000, signal);
      if (signal.aborted) throw new Error('gave up');
      return world.sink.keep(messages);
    };
    await world.runToEnd();
    expect(sizes.slice(0, 3)).toEqual([8, 4, 2]);
    expect(idsOf(world.sink.written)).toEqual(numbered(8).map(({ id }) => id));
  });

  it('holds a replayable source after a thousand rejections in a row, logs it, and ends with 0 when stopped', async () => {
    const world = new World(numbered(5000));
    const refuse = operatorPlan((_options, context) =>
      perMessage(context, () => {
        throw new Error('no');
      }),
    );
    const { runtime, ended } = world.start({ operators: [refuse] });
    await world.clock.advance(60_000);
    expect(snapshotOf(runtime)).toMatchObject({ state: 'held', ready: false });
    expect(snapshotOf(runtime).rejected).toBeGreaterThanOrEqual(1000);
    expect(snapshotOf(runtime).rejected).toBeLessThan(1100);
    runtime.drain();
    expect((await world.clock.until(ended)).exitCode).toBe(0);
    expect(world.letters.written).toHaveLength(snapshotOf(runtime).rejected);
  });

  it('continues after any number of rejections of one or two keys, and of several rules, and stores later messages', async () => {
    const bad = [...numbered(4000).filter(({ key }) => key !== 'C'), ...numbered(600, 4000)];
    const world = new World([...bad, { id: 9999, key: 'D' }]);
    const refuse = operatorPlan((_options, context) =>
      perMessage(context, (message) => {
        const { id } = message.value as { id: number };
        if (id === 9999) return message;
        throw new FdpError('FDP_MESSAGE_INVALID', 'no', { rule: id < 4000 ? 'one' : 'other' });
      }),
    );
    const { snapshot } = await world.runToEnd({ operators: [refuse] });
    expect(snapshot).toMatchObject({ state: 'stopped', rejected: bad.length, delivered: 1 });
    expect(idsOf(world.sink.written)).toEqual([9999]);
  });

  it('keeps a topology waiting while its dead letter cannot be written, and loses no letter', async () => {
    const world = new World(numbered(60));
    let failures = 10;
    world.letters.write = async (messages) => {
      if (failures-- > 0) throw new Error('full');
      return world.letters.keep(messages);
    };
    const odd = operatorPlan((_options, context) =>
      perMessage(context, (message) => {
        if ((message.value as { id: number }).id % 2 === 1) throw new Error('odd');
        return message;
      }),
    );
    const { snapshot } = await world.runToEnd({ operators: [odd] });
    expect(snapshot).toMatchObject({ delivered: 30, rejected: 30 });
    expect(world.letters.written).toHaveLength(30);
  });

  it('never lets a best-effort branch delay or lose for the others', async () => {
    const world = new World(numbered(700));
    const slow = new WorldSink();
    slow.write = async (messages) => {
      await world.clock.sleep(10_000);
      return slow.keep(messages);
    };
    const { snapshot } = await world.runToEnd({
      connectors: { slow: connectorOf({ sink: () => slow.sink() }) },
      sinks: ['sink', { connector: 'slow', bestEffort: true }],
    });
    expect(world.sink.written).toHaveLength(700);
    expect(snapshot).toMatchObject({ delivered: 700, inFlight: 0 });
    expect(snapshot.nodes.find(({ name }) => name === 'slow')?.extra['dropped']).toBeGreaterThan(0);
  });
});

describe('fan-out with after', () => {
  it('gives the follower only what its sink stored, now or from the same place before, in source order', async () => {
    const world = new World(numbered(40));
    const counted = new WorldSink();
    const chance = seededChance(5);
    world.sink.ordered = false;
    world.sink.maxInFlight = 4;
    world.sink.write = async (messages): Promise<Receipt> => {
      await world.clock.sleep(Math.floor(chance.next() * 50));
      const failed = new Map<number, Error>();
      const known = new Map<number, { lane: string; offset: number; index: number }>();
      for (const [number, message] of messages.entries()) {
        const { id } = message.value as { id: number };
        const { lane, offset, index } = coordinatesOf(message);
        if (id % 10 === 3) failed.set(number, new FdpError('FDP_MESSAGE_REFUSED', 'sink: no'));
        else if (id % 10 === 4) known.set(number, { lane: 'another', offset, index });
        else if (id % 10 === 5) known.set(number, { lane, offset, index });
        else if (chance.next() < 0.5) failed.set(number, new FdpError('FDP_BUSY', 'sink: later'));
        else world.sink.written.push(message);
      }
      return { failed, known };
    };
    const { snapshot } = await world.runToEnd({
      connectors: { counted: connectorOf({ sink: () => counted.sink() }) },
      sinks: ['sink', { connector: 'counted', after: 'sink' }],
    });
    const passed = numbered(40)
      .map(({ id }) => id)
      .filter((id) => id % 10 !== 3 && id % 10 !== 4);
    expect(idsOf(counted.written)).toEqual(passed);
    expect(world.letters.written).toHaveLength(4);
    expect(snapshot).toMatchObject({ read: 40, delivered: 36, rejected: 4 });
    expect(isConserved(snapshot)).toBe(true);
  });
});

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
