import { concatMap, Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import type { Receipt, Sink } from '../../src/kit/sink.ts';
import type { Lane, Source } from '../../src/kit/source.ts';
import { idsOf, isConserved, numbered, snapshotOf, World } from '../support/engine/engine-world.ts';
import { gone, idOf, never } from '../support/engine/failing.ts';
import { connectorOf, operatorPlan, WorldSink } from '../support/engine/world.ts';

describe('a node that dies', () => {
  it('leaves nothing in flight at any node, though batches waited for their turn', async () => {
    const world = new World(numbered(100));
    world.sink.write = async () => {
      await world.clock.sleep(50);
      throw new FdpError('FDP_REFUSED', 'sink: no rights any more');
    };
    const { result, snapshot } = await world.runToEnd();
    expect(result.exitCode).toBe(1);
    expect(snapshot.nodes.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0]);
    expect(snapshot).toMatchObject({ inFlight: 0, released: 28, state: 'failed' });
    expect(isConserved(snapshot)).toBe(true);
  });

  it('ends with 1, not with endless retries, when a receipt has a fatal error', async () => {
    const world = new World(numbered(7));
    world.sink.write = async (messages): Promise<Receipt> => {
      const failed = new Map([[3, new FdpError('FDP_REFUSED', 'sink: no rights on the table of C')]]);
      world.sink.keep(messages.filter((_message, index) => !failed.has(index)));
      return { failed };
    };
    const { ended, runtime } = world.start();
    await world.clock.advance(60_000);
    expect(snapshotOf(runtime)).toMatchObject({ state: 'failed', delivered: 6, released: 1 });
    expect((await ended).exitCode).toBe(1);
  });

  it('leaves nothing in flight when an operator fails while batches wait for their turn', async () => {
    const world = new World(numbered(50));
    world.sink.write = async (messages) => {
      await world.clock.sleep(50);
      return world.sink.keep(messages);
    };
    let bombs = 1;
    const bomb = operatorPlan(() =>
      concatMap(async (batch) => {
        if (batch.messages.some((message) => idOf(message) === 25) && bombs-- > 0) throw new Error('a bug');
        return batch;
      }),
    );
    const { result, snapshot } = await world.runToEnd({ operators: [bomb] });
    expect(result.exitCode).toBe(0);
    expect(new Set(idsOf(world.sink.written)).size).toBe(50);
    expect(snapshot.nodes.find(({ name }) => name === 'sink')?.inFlight).toBe(0);
  });

  it('leaves nothing in flight when a reading arrives after it', async () => {
    const world = new World([]);
    const slow: Source = {
      replayable: true,
      connect: async () => {},
      close: async () => {},
      lanes: new Observable((subscriber) => {
        let reads = 0;
        const read: Lane['read'] = async () => {
          if (reads++ > 0) await world.clock.sleep(100);
          const meta = { lane: 'slow', offset: reads };
          return { messages: [{ key: null, value: { id: reads }, timestamp: 0, meta }], bytes: 10, position: reads };
        };
        subscriber.next({ id: 'slow', signal: new AbortController().signal, read });
      }),
    };
    world.sink.write = async () => {
      throw new FdpError('FDP_REFUSED', 'sink: no rights any more');
    };
    const { ended, runtime } = world.start({
      connectors: { slow: connectorOf({ source: () => slow }) },
      source: 'slow',
    });
    await world.clock.until(ended);
    await world.clock.advance(1000);
    expect(snapshotOf(runtime).inFlight).toBe(0);
    expect(isConserved(snapshotOf(runtime))).toBe(true);
  });

  it('is logged when it dies during a stop', async () => {
    const world = new World(numbered(100));
    world.log.ends = false;
    world.sink.write = async () => {
      await world.clock.sleep(500);
      throw new FdpError('FDP_REFUSED', 'sink: no rights any more');
    };
    const { runtime, ended } = world.start();
    await world.clock.advance(100);
    runtime.drain();
    expect((await world.clock.until(ended)).exitCode).toBe(1);
    expect(snapshotOf(runtime)).toMatchObject({ state: 'failed', reason: 'sink: no rights any more' });
  });

  it('closes a sink only when its connecting has ended', async () => {
    const world = new World(numbered(5));
    const events: string[] = [];
    const slow = new WorldSink();
    slow.connect = async () => {
      await world.clock.sleep(300);
      events.push('connected');
    };
    const closing = connectorOf({
      sink: () => ({
        ...slow.sink(),
        close: async () => {
          events.push('closed');
        },
      }),
    });
    world.sink.connect = async () => {
      throw new FdpError('FDP_REFUSED', 'sink: wrong password');
    };
    await world.runToEnd({ connectors: { slow: closing }, sinks: ['sink', 'slow'] });
    expect(events).toEqual(['connected', 'closed']);
  });
});

describe('a connector', () => {
  it('that could not be made is made again at the restart', async () => {
    const world = new World(numbered(20));
    let failures = 2;
    const made = async () => {
      if (failures-- > 0) throw new FdpError('FDP_DISK_FULL', 'sink: no room');
      return connectorOf({ sink: () => world.sink.sink() });
    };
    const { result } = await world.runToEnd({ connectors: { sink: made } });
    expect(result.exitCode).toBe(0);
    expect(world.sink.written).toHaveLength(20);
  });
});

describe('readiness', () => {
  it('is red until the source and the sink are connected', async () => {
    const world = new World(numbered(20));
    world.log.ends = false;
    world.sink.connect = () => world.clock.sleep(2000);
    const { runtime } = world.start();
    for (let round = 0; round < 19; round++) {
      expect(snapshotOf(runtime)).toMatchObject({ state: 'starting', ready: false });
      await world.clock.advance(100);
    }
    await world.clock.advance(200);
    expect(snapshotOf(runtime)).toMatchObject({ state: 'running', ready: true, delivered: 20 });
  });

  it('is red while a topology waits for its restart', async () => {
    const world = new World(numbered(20));
    world.log.ends = false;
    let bombs = 1;
    const bomb = operatorPlan(() =>
      concatMap(async (batch) => {
        if (bombs-- > 0) throw new Error('a bug');
        return batch;
      }),
    );
    const { runtime } = world.start({ operators: [bomb] });
    const seen = new Set<string>();
    while (snapshotOf(runtime).delivered < 20) {
      const { ready, restarts, delivered } = snapshotOf(runtime);
      if (restarts === 1 && delivered === 0) seen.add(`${ready}`);
      await world.clock.advance(10);
    }
    expect([...seen]).toEqual(['false']);
  });

  it('comes back when a lane whose reading failed is taken away and handed out again', async () => {
    const world = new World(numbered(20));
    world.log.ends = false;
    world.log.disturb = async () => {
      throw gone();
    };
    const { runtime } = world.start();
    await world.clock.advance(1000);
    expect(snapshotOf(runtime).ready).toBe(false);
    world.log.disturb = async () => {};
    world.log.rebalance();
    await world.clock.advance(1000);
    expect(snapshotOf(runtime)).toMatchObject({ ready: true, delivered: 20 });
  });

  it('stays red while one lane of two cannot be read', async () => {
    const world = new World(numbered(20), numbered(20));
    world.log.ends = false;
    world.log.disturb = async (_what, partition) => {
      if (partition === 0 || world.clock.monotonic() < 3000) throw gone();
    };
    const { runtime } = world.start();
    for (let round = 0; round < 100; round++) {
      await world.clock.advance(100);
      expect(snapshotOf(runtime).ready).toBe(false);
    }
  });

  it("is red while a sink's mark cannot be read", async () => {
    const world = new World(numbered(20));
    const counter: Sink = { ...world.sink.sink(), counters: { mark: () => Promise.reject(gone()), forget: never } };
    const { runtime } = world.start({ connectors: { sink: connectorOf({ sink: () => counter }) } });
    await world.clock.advance(1000);
    expect(snapshotOf(runtime)).toMatchObject({ ready: false, reason: 'log: sink: gone' });
  });
});
