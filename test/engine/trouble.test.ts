import { concat, concatMap, NEVER, Observable, of, pipe, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { OperatorPlan } from '../../src/engine/plan.ts';
import { Runtime } from '../../src/engine/runtime.ts';
import { FdpError } from '../../src/errors.ts';
import type { Message } from '../../src/kit/message.ts';
import { filter, lookup, perMessage } from '../../src/kit/operator.ts';
import { coordinatesOf } from '../../src/kit/origin.ts';
import type { Receipt, Sink } from '../../src/kit/sink.ts';
import type { Lane, Source } from '../../src/kit/source.ts';
import { idsOf, isConserved, numbered, snapshotOf, World } from '../support/engine/engine-world.ts';
import { connectorOf, operatorPlan, planOf, WorldSink } from '../support/engine/world.ts';

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

describe('log lines', () => {
  it('are written once per problem, and once when it is over', async () => {
    const world = new World(numbered(100));
    let isAway = true;
    world.sink.write = async (messages) => {
      if (isAway) throw gone();
      return world.sink.keep(messages);
    };
    const { runtime } = world.start();
    await world.clock.advance(60_000);
    isAway = false;
    await world.clock.advance(60_000);
    expect(snapshotOf(runtime)).toMatchObject({ delivered: 100 });
    const lines = world.environment.log.lines.filter(({ level, text }) => level !== 'debug' && text !== 'stopped');
    expect(lines.map(({ level, text }) => `${level} ${text}`)).toEqual([
      'warn sink is retrying: sink: gone',
      'info sink is ok again',
    ]);
  });
});

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
        failed: new Map(messages.slice(good.length).map((_m, index) => [good.length + index, new Error('no')])),
      };
    };
    const { snapshot } = await world.runToEnd();
    expect(idsOf(world.sink.written)).toEqual([0, 1, 3, 4, 5, 6]);
    expect(snapshot).toMatchObject({ delivered: 6, rejected: 1 });
  });

  it('query no store once their lane is gone', async () => {
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
      world.letters.keep(messages.filter((_message, index) => !failed.has(index)));
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

describe('a request', () => {
  const route = 'GET /';

  /** A lane with one request; its answers go to `answers`. */
  function ask(name: string, answers: string[]): Lane {
    const abort = new AbortController();
    let read = false;
    const say = (text: string) => {
      if (!answers.some((answer) => answer.startsWith(name))) answers.push(`${name} ${text}`);
    };
    return {
      id: name,
      signal: abort.signal,
      chain: route,
      request: {
        path: '/',
        query: '',
        respond: () => say('answered'),
        fail: (error) => say(error.code),
        stop: (error) => {
          say(error.code);
          abort.abort();
        },
      },
      read: async () => {
        if (read) return undefined;
        read = true;
        return { messages: [{ key: null, value: { name }, timestamp: 0, meta: { lane: 'http' } }], bytes: 1 };
      },
    };
  }

  /** A platform whose one route asks `operator`. */
  function answering(world: World, lanes: Observable<Lane>, operator: OperatorPlan): Runtime {
    const source: Source = { replayable: false, connect: async () => {}, close: async () => {}, lanes };
    const connectors = { http: connectorOf({ source: () => source }) };
    const given = planOf({ connectors, source: 'http', sinks: [] });
    const routes = [{ route, parameters: [], reply: {}, operators: [operator] }];
    return new Runtime(
      { ...given, topologies: given.topologies.map((each) => ({ ...each, routes })) },
      world.environment,
    );
  }

  it('that an operator fails on gets a reply, and the others continue', async () => {
    const world = new World([]);
    const answers: string[] = [];
    const operator = operatorPlan(() =>
      concatMap(async (batch) => {
        if (batch.lane.id === 'first') throw new Error('a bug');
        batch.lane.request?.respond([]);
        return batch;
      }),
    );
    const runtime = answering(world, of(ask('first', answers), ask('second', answers)), operator);
    expect((await world.clock.until(runtime.run())).exitCode).toBe(0);
    expect(answers.sort()).toEqual(['first FDP_INTERNAL', 'second answered']);
    expect(snapshotOf(runtime)).toMatchObject({ read: 2, inFlight: 0, restarts: 0 });
  });

  it('that is under way when the stop is forced is refused, not answered with nothing', async () => {
    const world = new World([]);
    const answers: string[] = [];
    const operator = operatorPlan((_options, context) =>
      pipe(
        lookup(context, () => new Promise(() => {}), { timeoutMs: 60_000 }),
        tap((batch) => batch.lane.request?.respond(batch.messages)),
      ),
    );
    const runtime = answering(world, concat(of(ask('first', answers)), NEVER), operator);
    const ended = runtime.run();
    await world.clock.advance(1000);
    expect(snapshotOf(runtime)).toMatchObject({ inFlight: 1 });
    runtime.force();
    expect((await world.clock.until(ended)).exitCode).toBe(3);
    expect(answers).toEqual(['first FDP_UNAVAILABLE']);
    expect(snapshotOf(runtime)).toMatchObject({ read: 1, released: 1, inFlight: 0 });
  });
});

describe('counters', () => {
  /** Counts nothing below an offset, as after a rewind with another pipeline. */
  function markedAt(offset: number, sink: WorldSink): WorldSink {
    sink.write = async (messages): Promise<Receipt> => {
      const known = messages.filter(({ meta }) => (meta.offset ?? 0) < offset);
      sink.keep(messages.slice(known.length));
      return { known: new Map(known.map((message, index) => [index, coordinatesOf(message)])) };
    };
    return sink;
  }

  const after = { sinks: ['sink', { connector: 'counters', after: 'sink', input: 'merges' as const }] };

  it('that find a message stored just now below their mark say that it is not counted', async () => {
    const world = new World(numbered(20));
    const counters = markedAt(5, new WorldSink());
    const { snapshot } = await world.runToEnd({
      ...after,
      connectors: { counters: connectorOf({ sink: () => counters.sink() }) },
    });
    expect(snapshot.nodes.find(({ name }) => name === 'counters')?.extra).toEqual({ uncounted: 5 });
    expect(world.environment.log.lines.filter(({ text }) => text.includes('not counted'))).toHaveLength(1);
  });

  it('say nothing of what was stored before, nor of what they may have counted in an attempt that failed', async () => {
    const world = new World(numbered(20));
    const counters = markedAt(5, new WorldSink());
    const { write } = counters;
    let failures = 1;
    counters.write = async (messages, signal) => {
      if (failures-- > 0) throw gone();
      return write(messages, signal);
    };
    world.sink.write = async (messages): Promise<Receipt> => {
      const known = [...messages.entries()].filter(([, message]) => idOf(message) > 10);
      return { known: new Map(known.map(([index, message]) => [index, coordinatesOf(message)])) };
    };
    const { snapshot } = await world.runToEnd({
      ...after,
      connectors: { counters: connectorOf({ sink: () => counters.sink() }) },
    });
    expect(snapshot.nodes.find(({ name }) => name === 'counters')?.extra).toEqual({});
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

describe('the log', () => {
  it('is told at the end how many rejections it was spared', async () => {
    const world = new World(numbered(20));
    await world.runToEnd({ operators: [rejecting((id) => id < 4)] });
    const lines = world.environment.log.lines.filter(({ text }) => text.startsWith('message rejected'));
    expect(lines.map(({ fields }) => fields)).toMatchObject([{ offset: 0 }, { offset: 3, suppressed: 2 }]);
  });
});

describe('a refusal for good', () => {
  it('of a whole write is tracked down to the one message without any wait', async () => {
    const world = new World(numbered(400));
    world.log.batchSize = 400;
    world.sink.write = async (messages) => {
      if (messages.some((message) => idOf(message) === 1))
        throw new FdpError('FDP_MESSAGE_REFUSED', 'sink: one of them is no good');
      return world.sink.keep(messages);
    };
    const { runtime } = world.start();
    await world.clock.advance(0);
    expect(snapshotOf(runtime)).toMatchObject({ delivered: 399, rejected: 1 });
    expect(idsOf(world.sink.written)).toEqual([0, ...Array.from({ length: 398 }, (_unused, index) => index + 2)]);
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
