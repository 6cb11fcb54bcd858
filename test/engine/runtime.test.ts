import { describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import { seededChance } from '../../src/kit/chance.ts';
import { coordinatesOf } from '../../src/kit/origin.ts';
import type { Receipt } from '../../src/kit/sink.ts';
import { idsOf, isConserved, numbered, snapshotOf, World } from '../support/engine/engine-world.ts';
import { connectorOf, WorldSink } from '../support/engine/world.ts';

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
