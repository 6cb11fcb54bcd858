import { describe, expect, it } from 'vitest';
import { Runtime } from '../../src/engine/runtime.ts';
import { FdpError } from '../../src/errors.ts';
import type { TopologyState } from '../../src/kit/snapshot.ts';
import { liveness, readiness, soundness } from '../../src/observe/health.ts';
import { processSnapshots } from '../../src/observe/process.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../src/testing/environment.ts';
import { processSnapshot, topologySnapshot } from '../support/engine/snapshots.ts';
import { connectorOf, planOf, WorldLog, WorldSink } from '../support/engine/world.ts';

/** A topology whose store is away until `found`, and then takes its time. */
function world() {
  const clock = new VirtualClock();
  const log = new WorldLog(clock, [Array.from({ length: 700 }, (_unused, id) => ({ id }))]);
  const sink = new WorldSink();
  const store = { isAway: true };
  log.ends = false;
  sink.connect = async () => {
    if (store.isAway) throw new FdpError('FDP_CONNECT_FAILED', 'sink: no answer from user:hunter22@store');
  };
  sink.write = async (messages) => {
    await clock.sleep(3000);
    return sink.keep(messages);
  };
  const connectors = {
    log: connectorOf({ source: () => log.source() }),
    sink: connectorOf({ sink: () => sink.sink() }),
  };
  const runtime = new Runtime(planOf({ connectors, source: 'log', sinks: ['sink'] }), testEnvironment(clock));
  const mask = (text: string) => text.replace('hunter22', '******');
  const snapshot = processSnapshots({ clock, version: '1', mask, topologies: () => runtime.snapshot() });
  return { clock, runtime, store, ask: () => readiness(snapshot()) };
}

describe('health', () => {
  it('is red while a store is unavailable, green when it is back, and red from the beginning of a drain on', async () => {
    const { clock, runtime, store, ask } = world();
    const ended = runtime.run();
    await clock.advance(5000);
    expect(ask()).toMatchObject({
      status: 503,
      body: {
        status: 'not ready',
        uptime_seconds: 5,
        topologies: [
          {
            ...{ name: 'test', state: 'starting', ready: false },
            reason: 'sink: sink: no answer from user:******@store',
            nodes: [
              { name: 'log', kind: 'source', type: 'log', state: 'ok' },
              { name: 'sink', kind: 'sink', state: 'connecting', reason: 'sink: no answer from user:******@store' },
            ],
          },
        ],
      },
    });
    store.isAway = false;
    await clock.advance(31_000);
    expect(ask()).toMatchObject({ status: 200, body: { status: 'ready', topologies: [{ state: 'running' }] } });
    runtime.drain();
    await clock.settle();
    expect(ask()).toMatchObject({ status: 503, body: { status: 'draining', topologies: [{ state: 'draining' }] } });
    await clock.until(ended);
    expect(ask()).toMatchObject({ status: 503, body: { status: 'not ready', topologies: [{ state: 'stopped' }] } });
  });

  it('reports what waits for a person, and no transient problems', () => {
    const ask = (...states: readonly TopologyState[]) =>
      soundness(
        processSnapshot(
          0,
          states.map((state, index) => topologySnapshot(`t${index}`, { state, ready: false, reason: `why ${index}` })),
        ),
      );
    expect(ask('starting', 'held', 'draining', 'stopped', 'running', 'standby')).toMatchObject({
      status: 200,
      body: { status: 'sound', failed: [] },
    });
    expect(ask('running', 'failed')).toMatchObject({
      status: 503,
      body: { status: 'failed', failed: [{ topology: 't1', reason: 'why 1' }] },
    });
  });

  it('is green for a stand-by, red when one of several topologies is not ready', () => {
    const of = (...states: readonly [TopologyState, boolean][]) =>
      readiness(
        processSnapshot(
          0,
          states.map(([state, ready], index) => topologySnapshot(`t${index}`, { state, ready })),
        ),
      ).status;
    expect(of(['standby', true], ['running', true])).toBe(200);
    expect(of(['running', true], ['held', false])).toBe(503);
    expect(of(['running', true], ['draining', true])).toBe(503);
  });

  it('is alive whatever its topologies are', () => {
    const snapshot = processSnapshot(1500, [topologySnapshot('flow', { state: 'failed', ready: false })]);
    expect(liveness(snapshot)).toMatchObject({ status: 200, body: { status: 'live', uptime_seconds: 1.5 } });
  });
});
