import { describe, expect, it } from 'vitest';
import type { TopologyPlan } from '../../src/engine/plan.ts';
import { Runtime } from '../../src/engine/runtime.ts';
import { FdpError } from '../../src/errors.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../src/testing/environment.ts';
import { numbered } from '../support/engine/engine-world.ts';
import { connectorOf, planOf, WorldLog, WorldSink } from '../support/engine/world.ts';

type Connect = () => Promise<void>;

const works: Connect = async () => {};
const away: Connect = async () => {
  throw new FdpError('FDP_CONNECT_FAILED', 'sink: refused');
};
const refused =
  (what: string): Connect =>
  async () => {
    throw new FdpError('FDP_REFUSED', what);
  };

/** Topologies that read without end, each into a sink of its own that connects when the test lets it. */
function platform(sinks: Readonly<Record<string, Connect>>) {
  const clock = new VirtualClock();
  const environment = testEnvironment(clock);
  const log = new WorldLog(clock, [numbered(20)]);
  log.ends = false;
  const made = Object.entries(sinks).map(([name, connect]) => {
    const sink = new WorldSink();
    sink.connect = connect;
    const plan = planOf({
      connectors: {
        log: connectorOf({ source: () => log.source() }),
        [name]: connectorOf({ sink: () => sink.sink() }),
      },
      source: 'log',
      sinks: [name],
    });
    return { plan, sink, topology: { ...plan.topologies[0], name } as TopologyPlan };
  });
  const [first] = made;
  if (!first) throw new Error('no topology');
  const connectors = new Map(made.flatMap(({ plan }) => [...plan.connectors]));
  const topologies = made.map(({ topology }) => topology);
  const runtime = new Runtime({ ...first.plan, connectors, topologies }, environment);
  const errors = () => environment.log.lines.filter(({ level }) => level === 'error').map(({ text }) => text);
  return { runtime, clock, errors, sinks: new Map(made.map(({ topology, sink }) => [topology.name, sink])) };
}

describe('a topology that fails permanently before it ever ran', () => {
  it('ends the process with 1, with a line for every cause, although another one waits and a third works', async () => {
    const slow: Connect = async () => {
      await clock.sleep(2000);
      return refused('two: no rights')();
    };
    const { runtime, clock, errors } = platform({ a: refused('one: no folder'), b: slow, c: away, d: works });
    expect(await clock.until(runtime.run())).toEqual({ exitCode: 1, unfinished: [] });
    expect(errors()).toEqual(['ended: one: no folder', 'ended: two: no rights']);
    expect(runtime.snapshot().map(({ state }) => state)).toEqual(['failed', 'failed', 'stopped', 'stopped']);
  });

  it('logs a cause once that ends several', async () => {
    const { runtime, clock, errors } = platform({ a: refused('no folder'), b: refused('no folder'), c: works });
    expect((await clock.until(runtime.run())).exitCode).toBe(1);
    expect(errors()).toEqual(['ended: no folder']);
  });

  it('does not wait without limit for one that never answers', async () => {
    const { runtime, clock } = platform({ a: refused('no folder'), b: () => new Promise(() => {}) });
    expect((await clock.until(runtime.run())).exitCode).toBe(1);
  });

  it('differs from one that has run: then the others continue, and the process with them', async () => {
    const { runtime, clock, sinks, errors } = platform({ a: works, b: works });
    const [a, b] = [sinks.get('a'), sinks.get('b')];
    if (!a || !b) throw new Error('no sinks');
    a.write = refused('a: no rights any more') as never;
    const ended = runtime.run();
    await clock.advance(60_000);
    expect(errors()).toEqual(['ended: a: no rights any more']);
    expect(runtime.snapshot().map(({ state }) => state)).toEqual(['failed', 'running']);
    runtime.drain();
    expect((await clock.until(ended)).exitCode).toBe(1);
  });

  it('may have waited for an hour before', async () => {
    let connect = away;
    const { runtime, clock, errors } = platform({ a: () => connect(), b: works });
    const ended = runtime.run();
    await clock.advance(3_600_000);
    expect(errors()).toEqual([]);
    connect = refused('a: wrong password');
    expect((await clock.until(ended)).exitCode).toBe(1);
    expect(errors()).toEqual(['ended: a: wrong password']);
  });
});
