import { concatMap, Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Lane, Receipt, Source } from '../../src/engine/component.ts';
import type { Message } from '../../src/engine/message.ts';
import { filter, lookup, perMessage } from '../../src/engine/operator.ts';
import { FdpError } from '../../src/errors.ts';
import { idsOf, isConserved, numbered, snapshotOf, World } from '../support/engine-world.ts';
import { connectorOf, operatorPlan, WorldSink } from '../support/world.ts';

// What the engine does when several things go wrong, one beside the other.

const idOf = (message: Message) => (message.value as { readonly id: number }).id;
const gone = () => new FdpError('FDP_CONNECTION_LOST', 'sink: gone');
const never = () => new Promise<never>(() => {});

const rejecting = (ids: (id: number) => boolean) =>
  operatorPlan((_options, context) =>
    perMessage(context, (message) => {
      if (ids(idOf(message))) throw new Error('refused');
      return message;
    }),
  );

describe('bounded memory', () => {
  it('reads no further than its permits while the dead letter of one message cannot be written', async () => {
    const world = new World(numbered(1000));
    world.letters.write = async () => {
      throw new FdpError('FDP_DISK_FULL', 'letters: full');
    };
    const { runtime } = world.start({ operators: [rejecting((id) => id === 3)] });
    await world.clock.advance(20_000);
    expect(snapshotOf(runtime).read).toBe(4 * 7);
    world.letters.write = async (messages) => world.letters.keep(messages);
    await world.clock.advance(40_000);
    expect(snapshotOf(runtime)).toMatchObject({ read: 1000, delivered: 999, rejected: 1 });
    expect(world.log.partitions[0]?.committed).toBe(1000);
  });

  it('reads no further than its permits while one write of several goes wrong', async () => {
    const world = new World(numbered(1000));
    world.sink.ordered = false;
    world.sink.maxInFlight = 2;
    world.sink.write = async (messages) => {
      if (messages.some((message) => idOf(message) === 3)) throw gone();
      return world.sink.keep(messages);
    };
    const { runtime } = world.start();
    await world.clock.advance(20_000);
    expect(snapshotOf(runtime).read).toBe(4 * 7);
  });

  it('gives the event loop its turns while everything that is read is filtered', async () => {
    const world = new World(numbered(7000));
    const none = operatorPlan((_options, context) => filter(context, () => false));
    let atFirstTurn = Number.POSITIVE_INFINITY;
    const { runtime } = world.start({ operators: [none] });
    await new Promise((resolve) => setImmediate(resolve));
    atFirstTurn = snapshotOf(runtime).read;
    expect(atFirstTurn).toBeLessThan(100);
  });
});

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

  it('ends with 1, not with endless retries, when a receipt says that a person must cure it', async () => {
    const world = new World(numbered(7));
    world.sink.write = async (messages): Promise<Receipt> => {
      const failed = new Map([[3, new FdpError('FDP_REFUSED', 'sink: no rights on the table of C')]]);
      world.sink.keep(messages.filter((_message, place) => !failed.has(place)));
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

  it('says it when it dies during a stop', async () => {
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

describe('retries', () => {
  it('leave no timer behind when a write that ran out of its time has failed', async () => {
    const world = new World(numbered(7));
    let attempts = 0;
    world.sink.write = async (messages, signal) => {
      if (attempts++ === 0) {
        await world.clock.sleep(60_000, signal);
        throw gone();
      }
      return world.sink.keep(messages);
    };
    await world.runToEnd();
    expect(world.clock.timers).toBe(0);
  });

  it('of an unclassified failure at an ordered sink do not count against those that follow with its key', async () => {
    const world = new World(Array.from({ length: 7 }, (_unused, id) => ({ id, key: 'A' })));
    world.sink.write = async (messages): Promise<Receipt> => {
      const poison = messages.findIndex((message) => idOf(message) === 2);
      const good = poison < 0 ? messages : messages.slice(0, poison);
      world.sink.keep(good);
      return {
        failed: new Map(messages.slice(good.length).map((_m, place) => [good.length + place, new Error('no')])),
      };
    };
    const { snapshot } = await world.runToEnd();
    expect(idsOf(world.sink.written)).toEqual([0, 1, 3, 4, 5, 6]);
    expect(snapshot).toMatchObject({ delivered: 6, rejected: 1 });
  });

  it('ask a store about nothing more once their lane is gone', async () => {
    const world = new World(numbered(7));
    world.log.ends = false;
    let asked = 0;
    const stuck = operatorPlan((_options, context) =>
      lookup(
        context,
        () => {
          asked++;
          return never();
        },
        { timeoutMs: 5000 },
      ),
    );
    const { runtime } = world.start({ operators: [stuck] });
    await world.clock.advance(100);
    runtime.force();
    await world.clock.advance(100);
    expect(asked).toBe(1);
    expect(snapshotOf(runtime)).toMatchObject({ inFlight: 0, released: 7 });
  });
});

describe('dead letters', () => {
  it('are written once each, though one of them is refused again and again', async () => {
    const world = new World(numbered(20));
    let refusals = 5;
    world.letters.write = async (messages): Promise<Receipt> => {
      const failed = new Map<number, Error>();
      if (refusals-- > 0) failed.set(1, new FdpError('FDP_BUSY', 'letters: later'));
      world.letters.keep(messages.filter((_message, place) => !failed.has(place)));
      return { failed };
    };
    await world.runToEnd({ operators: [rejecting((id) => id < 4)] });
    expect(world.letters.written).toHaveLength(4);
  });

  it('are tried again when a write does not end in its time', async () => {
    const world = new World(numbered(20));
    let attempts = 0;
    world.letters.write = (messages) => (attempts++ === 0 ? never() : Promise.resolve(world.letters.keep(messages)));
    const { snapshot } = await world.runToEnd({ operators: [rejecting((id) => id < 4)] });
    expect(snapshot).toMatchObject({ rejected: 4, delivered: 16 });
  });

  it('do not keep a forced stop from ending', async () => {
    const world = new World(numbered(20));
    world.letters.write = never;
    const { runtime, ended } = world.start({ operators: [rejecting((id) => id < 4)], shutdownMs: 1000 });
    await world.clock.advance(100);
    runtime.drain();
    expect((await world.clock.until(ended)).exitCode).toBe(3);
  });

  it('fit into what their target takes, however little that is', async () => {
    const world = new World([{ id: 0, text: 'x'.repeat(100_000) }]);
    const letters = { ...world.letters.sink(), maxMessageBytes: 20_000 };
    const sizes: number[] = [];
    world.letters.write = async (messages) => {
      for (const { value } of messages) sizes.push(Buffer.byteLength(JSON.stringify(value)));
      return world.letters.keep(messages);
    };
    await world.runToEnd({
      operators: [rejecting(() => true)],
      connectors: { letters: connectorOf({ sink: () => letters }) },
    });
    expect(sizes).toHaveLength(1);
    expect(sizes[0]).toBeLessThanOrEqual(20_000);
    expect(sizes[0]).toBeGreaterThan(15_000);
  });
});

describe('readiness', () => {
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
    for (let look = 0; look < 100; look++) {
      await world.clock.advance(100);
      expect(snapshotOf(runtime).ready).toBe(false);
    }
  });

  it('is red while a sink cannot be asked for its mark', async () => {
    const world = new World(numbered(20));
    const counter = {
      ...world.sink.sink(),
      mark: async () => {
        throw gone();
      },
    };
    const { runtime } = world.start({ connectors: { sink: connectorOf({ sink: () => counter }) } });
    await world.clock.advance(1000);
    expect(snapshotOf(runtime)).toMatchObject({ ready: false, reason: 'log: sink: gone' });
  });
});
