import { describe, expect, it } from 'vitest';
import { FdpError } from '../../../src/errors.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import { isConserved, numbered, snapshotOf, World } from '../../support/engine/engine-world.ts';
import { gone, never } from '../../support/engine/failing.ts';
import { connectorOf, WorldSink } from '../../support/engine/world.ts';

describe('a best-effort branch', () => {
  it('with unavailable counters does not keep the others from reading', async () => {
    const world = new World(numbered(20));
    const away: Sink = {
      ...new WorldSink().sink(),
      connect: never,
      write: async () => {
        throw gone();
      },
      counters: { mark: () => Promise.reject(gone()), forget: never },
    };
    const { runtime } = world.start({
      connectors: { away: connectorOf({ sink: () => away }) },
      sinks: ['sink', { connector: 'away', bestEffort: true, input: 'merges' }],
    });
    await world.clock.advance(5000);
    expect(snapshotOf(runtime)).toMatchObject({ delivered: 20 });
  });

  it('with a fatal error ends alone: the others continue, and it is logged', async () => {
    const world = new World(numbered(200));
    world.log.ends = false;
    const refused = new FdpError('FDP_REFUSED', 'ill: no right to write');
    const ill = new WorldSink();
    const errors = [gone(), refused];
    ill.write = async () => {
      throw errors.shift();
    };
    const strange = new WorldSink();
    strange.connect = async () => {
      throw refused;
    };
    const { runtime, ended } = world.start({
      connectors: {
        ill: connectorOf({ sink: () => ill.sink() }),
        strange: connectorOf({ sink: () => strange.sink() }),
      },
      sinks: ['sink', { connector: 'ill', bestEffort: true }, { connector: 'strange', bestEffort: true }],
    });
    await world.clock.advance(60_000);
    const snapshot = snapshotOf(runtime);
    expect(snapshot).toMatchObject({ state: 'running', ready: false, delivered: 200, restarts: 0 });
    for (const name of ['ill', 'strange'])
      expect(snapshot.nodes.find((node) => node.name === name)).toMatchObject({
        state: 'failed',
        reason: refused.message,
        inFlight: 0,
      });
    expect(isConserved(snapshot)).toBe(true);
    runtime.drain();
    expect((await world.clock.until(ended)).exitCode).toBe(0);
  });

  it('gets what its queue still holds when the source has ended', async () => {
    const world = new World(numbered(70));
    const quick = new WorldSink();
    quick.write = async (messages) => {
      await world.clock.sleep(10);
      return quick.keep(messages);
    };
    await world.runToEnd({
      connectors: { quick: connectorOf({ sink: () => quick.sink() }) },
      sinks: ['sink', { connector: 'quick', bestEffort: true }],
    });
    expect(quick.written).toHaveLength(70);
  });
});
