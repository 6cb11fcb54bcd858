import { Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import type { Source } from '../../src/kit/source.ts';
import { isConserved, numbered, snapshotOf, World } from '../support/engine/engine-world.ts';
import { gone, never, rejecting } from '../support/engine/failing.ts';
import { connectorOf, WorldSink } from '../support/engine/world.ts';

describe('a stop soon after an outage', () => {
  /** Something is away for long, and comes back just before the stop. */
  const stopAfter = async (world: World, more: Parameters<World['start']>[0], heal: () => void) => {
    const { runtime, ended } = world.start(more);
    await world.clock.advance(200_000);
    heal();
    runtime.drain();
    return world.clock.until(ended);
  };

  it('tries a write again at once, instead of waiting for its turn', async () => {
    const world = new World(numbered(100));
    let isAway = true;
    world.sink.write = async (messages) => {
      if (isAway) throw gone();
      return world.sink.keep(messages);
    };
    const result = await stopAfter(world, {}, () => {
      isAway = false;
    });
    expect(result).toEqual({ exitCode: 0, unfinished: [] });
  });

  it('tries a commit again at once', async () => {
    const world = new World(numbered(100));
    world.log.disturb = async (what) => {
      if (what === 'commit') throw gone();
    };
    world.log.ends = false;
    const result = await stopAfter(world, {}, () => {
      world.log.disturb = async () => {};
    });
    expect(result).toEqual({ exitCode: 0, unfinished: [] });
    expect(world.log.partitions[0]?.committed).toBe(100);
  });

  it('tries a dead letter again at once', async () => {
    const world = new World(numbered(100));
    world.letters.write = async () => {
      throw gone();
    };
    const result = await stopAfter(world, { operators: [rejecting((id) => id === 3)] }, () => {
      world.letters.write = async (messages) => world.letters.keep(messages);
    });
    expect(result).toEqual({ exitCode: 0, unfinished: [] });
    expect(world.letters.written).toHaveLength(1);
  });
});

describe('a stop', () => {
  it('is not delayed by an unavailable best-effort sink', async () => {
    const world = new World(numbered(100));
    world.log.ends = false;
    const away = new WorldSink();
    away.write = async () => {
      throw gone();
    };
    const { runtime, ended } = world.start({
      connectors: { away: connectorOf({ sink: () => away.sink() }) },
      sinks: ['sink', { connector: 'away', bestEffort: true }],
      shutdownMs: 30_000,
    });
    await world.clock.advance(5000);
    const since = world.clock.monotonic();
    runtime.drain();
    expect((await world.clock.until(ended)).exitCode).toBe(0);
    expect(world.clock.monotonic() - since).toBeLessThan(5000);
    expect(isConserved(snapshotOf(runtime))).toBe(true);
    expect(snapshotOf(runtime).nodes.find(({ name }) => name === 'away')?.inFlight).toBe(0);
  });

  it('by itself is not kept from its end by a best-effort sink that never answers', async () => {
    const world = new World(numbered(100));
    const stuck = new WorldSink();
    stuck.write = never;
    const { runtime, ended } = world.start({
      connectors: { stuck: connectorOf({ sink: () => stuck.sink() }) },
      sinks: ['sink', { connector: 'stuck', bestEffort: true }],
    });
    expect((await world.clock.until(ended)).exitCode).toBe(0);
    expect(world.clock.monotonic()).toBeLessThan(10_000);
    expect(snapshotOf(runtime)).toMatchObject({ delivered: 100 });
    expect(snapshotOf(runtime).nodes.find(({ name }) => name === 'stuck')?.inFlight).toBe(0);
  });

  it('that could not commit what was delivered ends with 3 and logs it', async () => {
    const world = new World(numbered(20));
    world.log.ends = false;
    world.log.disturb = async (what) => {
      if (what === 'commit') throw new FdpError('FDP_BUSY', 'log: later');
    };
    const { runtime, ended } = world.start({ shutdownMs: 2000 });
    await world.clock.advance(100);
    runtime.drain();
    const result = await world.clock.until(ended);
    expect(result).toMatchObject({ exitCode: 3, unfinished: [{ topology: 'test', node: 'log', messages: 20 }] });
  });

  it('ends, when it is forced, though a sink neither connects nor gives up', async () => {
    const world = new World(numbered(20));
    world.sink.connect = never;
    const { runtime, ended } = world.start({ shutdownMs: 1000 });
    await world.clock.advance(100);
    runtime.drain();
    await world.clock.until(ended);
    expect(world.sink.closes).toBe(1);
  });
});

describe('a forced stop', () => {
  it('ends though the reading of a lane does not', async () => {
    const world = new World([]);
    const deaf: Source = {
      replayable: true,
      connect: async () => {},
      close: async () => {},
      lanes: new Observable((subscriber) => {
        subscriber.next({ id: 'deaf', signal: new AbortController().signal, read: never });
      }),
    };
    const { runtime, ended } = world.start({
      connectors: { deaf: connectorOf({ source: () => deaf }) },
      source: 'deaf',
      shutdownMs: 1000,
    });
    await world.clock.advance(100);
    runtime.drain();
    expect(await world.clock.until(ended)).toEqual({ exitCode: 0, unfinished: [] });
    expect(world.clock.timers).toBe(0);
  });
});
