import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { engineFigures } from '../../src/engine/figures.ts';
import { Runtime } from '../../src/engine/runtime.ts';
import { FdpError } from '../../src/errors.ts';
import { seededChance } from '../../src/kit/chance.ts';
import { Latency } from '../../src/kit/latency.ts';
import { derive } from '../../src/kit/message.ts';
import { filter, flatMap } from '../../src/kit/operator.ts';
import type { NodeSnapshot } from '../../src/kit/snapshot.ts';
import type { Lane, Source } from '../../src/kit/source.ts';
import { metricFamilies } from '../../src/observe/metrics.ts';
import { createMetricsWriter } from '../../src/observe/metrics-writer.ts';
import type { MetricSources } from '../../src/observe/node-metrics.ts';
import { processSnapshots } from '../../src/observe/process.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../src/testing/environment.ts';
import { brokenSums, figure, metricProblems, parseMetrics } from '../support/cli/metrics.ts';
import { processSnapshot, topologySnapshot } from '../support/engine/snapshots.ts';
import { connectorOf, operatorPlan, planOf, WorldLog, WorldSink } from '../support/engine/world.ts';

const components = [...connectors, ...operators];
const sources: MetricSources = {
  node: 'v20.19.0',
  figuresOf: (type) => components.find((each) => each.type === type)?.figures ?? {},
};

function nodeSnapshot(more: Partial<NodeSnapshot>): NodeSnapshot {
  return {
    ...{ name: 'node', kind: 'source', type: 'mock', state: 'ok', in: 0, made: 0, out: 0, filtered: 0, rejected: 0 },
    ...{ released: 0, inFlight: 0, retries: 0, extra: {}, gauges: [] },
    ...more,
  };
}

/** A topology in which everything happens: messages multiply, are filtered, refused, retried, taken away. */
function busyWorld() {
  const clock = new VirtualClock();
  const chance = seededChance(3);
  const environment = testEnvironment(clock);
  const records = Array.from({ length: 300 }, (_unused, id) => ({ id, key: `k${id % 5}` }));
  const log = new WorldLog(clock, [records.slice(0, 150), records.slice(150)]);
  const sink = new WorldSink();
  sink.ordered = false;
  sink.maxInFlight = 3;
  sink.write = async (messages) => {
    await clock.sleep(chance.next() * 40);
    if (chance.next() < 0.3) throw new FdpError('FDP_BUSY', 'sink: later');
    const refused = [...messages.keys()].filter(() => chance.next() < 0.1);
    return { failed: new Map(refused.map((index) => [index, new FdpError('FDP_MESSAGE_REFUSED', 'sink: no')])) };
  };
  const plan = planOf({
    connectors: {
      log: connectorOf({ source: () => log.source() }),
      sink: connectorOf({ sink: () => sink.sink() }),
      letters: connectorOf({ sink: () => new WorldSink().sink() }),
    },
    source: 'log',
    operators: [
      operatorPlan((_options, context) => flatMap(context, (message) => [message, derive(message, {})]), 'double'),
      operatorPlan((_options, context) => filter(context, () => chance.next() < 0.9), 'drop'),
    ],
    sinks: ['sink'],
    deadLetter: 'letters',
  });
  const runtime = new Runtime(plan, environment);
  const snapshot = processSnapshots({
    clock,
    version: '1',
    mask: (text) => text,
    topologies: () => runtime.snapshot(),
  });
  return { clock, log, runtime, snapshot };
}

/** A source of one message that is two seconds old. */
function oneOldMessage(clock: VirtualClock, position: number | undefined): Source {
  const message = { key: null, value: {}, timestamp: clock.now() - 2000, meta: { lane: 'lane' } };
  const readings = [{ messages: [message], bytes: 1, ...(position === undefined ? {} : { position }) }];
  const lane: Lane = { id: 'lane', signal: new AbortController().signal, read: async () => readings.shift() };
  return { replayable: true, lanes: of(lane), connect: async () => {}, close: async () => {} };
}

describe('metrics', () => {
  it('add up in every scrape, for each topology and each node, whatever happens', async () => {
    const { clock, log, runtime, snapshot } = busyWorld();
    const { write } = await createMetricsWriter();
    let over = false;
    const ended = runtime.run().then(() => {
      over = true;
    });
    const inFlight: number[] = [];
    for (let scrape = 0; !over; scrape++) {
      await clock.advance(7);
      if (scrape === 20) log.rebalance();
      const series = parseMetrics(await write(metricFamilies(snapshot(), sources)));
      expect(brokenSums(series)).toEqual([]);
      inFlight.push(figure(series, 'fdp_in_flight'));
    }
    await ended;
    const series = parseMetrics(await write(metricFamilies(snapshot(), sources)));
    for (const end of ['delivered', 'filtered', 'rejected', 'released'])
      expect(figure(series, `fdp_messages_${end}_total`)).toBeGreaterThan(0);
    expect(Math.max(...inFlight)).toBeGreaterThan(0);
    expect(inFlight.at(-1)).toBe(0);
    const messages = figure(series, 'fdp_messages_read_total') - figure(series, 'fdp_messages_released_total');
    expect(figure(series, 'fdp_end_to_end_latency_seconds_count')).toBeGreaterThan(messages / 2);
  });

  it('measure a message of a log from its timestamp, and others from when they were read', async () => {
    const clock = new VirtualClock(1_000_000);
    const latencyOf = async (position: number | undefined) => {
      const sink = new WorldSink();
      sink.write = async (messages) => {
        await clock.sleep(40);
        return sink.keep(messages);
      };
      const connectors = {
        old: connectorOf({ source: () => oneOldMessage(clock, position) }),
        sink: connectorOf({ sink: () => sink.sink() }),
      };
      const runtime = new Runtime(planOf({ connectors, source: 'old', sinks: ['sink'] }), testEnvironment(clock));
      await clock.until(runtime.run());
      return runtime.snapshot()[0]?.latency;
    };
    expect(await latencyOf(1)).toMatchObject({ count: 1, sumMs: 2040 });
    expect(await latencyOf(undefined)).toMatchObject({ count: 1, sumMs: 40 });
  });

  it('have the names, labels and units that dashboards are made for', async () => {
    const source = nodeSnapshot({
      ...{ name: 'feed', type: 'finnhub', in: 7, out: 7, retries: 2, state: 'retrying' },
      ...{ extra: { reconnects: 3, gaps: 4, gap_ms: 1500 } },
    });
    const flow = topologySnapshot('flow', {
      read: 9,
      delivered: 5,
      rejected: 1,
      inFlight: 3,
      lag: 12,
      nodes: [source],
    });
    const { write, contentType } = await createMetricsWriter();
    const text = await write(metricFamilies(processSnapshot(0, [flow]), sources));
    const series = parseMetrics(text);
    const node = { topology: 'flow', node: 'feed', kind: 'source', type: 'finnhub' };
    expect(contentType).toContain('text/plain; version=0.0.4');
    expect(figure(series, 'fdp_build_info', { version: '0.1.0', node: 'v20.19.0' })).toBe(1);
    expect(figure(series, 'fdp_process_info', { name: 'host' })).toBe(1);
    expect(figure(series, 'fdp_ready')).toBe(1);
    expect(figure(series, 'fdp_messages_read_total', { topology: 'flow' })).toBe(9);
    expect(figure(series, 'fdp_in_flight', { topology: 'flow' })).toBe(3);
    expect(figure(series, 'fdp_lag_messages', { topology: 'flow' })).toBe(12);
    expect(figure(series, 'fdp_topology_state', { topology: 'flow', state: 'running' })).toBe(1);
    expect(figure(series, 'fdp_node_messages_total', { ...node, flow: 'in' })).toBe(7);
    expect(figure(series, 'fdp_node_retries_total', node)).toBe(2);
    expect(figure(series, 'fdp_node_reconnects_total', node)).toBe(3);
    expect(figure(series, 'fdp_node_state', { ...node, state: 'retrying' })).toBe(1);
    expect(figure(series, 'fdp_node_gaps_total', node)).toBe(4);
    expect(figure(series, 'fdp_node_gap_seconds_total', node)).toBe(1.5);
    expect(figure(series, 'fdp_node_unknown_frames_total', node)).toBe(0);
    expect(text).toContain('# TYPE fdp_end_to_end_latency_seconds histogram');
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('still have the families of before, for the dashboards that are made of them', async () => {
    const extra = { reconnects: 3, skipped_lines: 4, gap_ms: 1500, clients: 5 };
    const nodes = [nodeSnapshot({ name: 'feed', type: 'tcp', extra, gauges: ['clients'] })];
    const { write } = await createMetricsWriter();
    const text = await write(metricFamilies(processSnapshot(0, [topologySnapshot('flow', { nodes })]), sources));
    const series = parseMetrics(text);
    expect(figure(series, 'fdp_info', { version: '0.1.0', name: 'host' })).toBe(1);
    expect(figure(series, 'fdp_node_events_total', { event: 'skipped_lines' })).toBe(4);
    expect(figure(series, 'fdp_node_duration_seconds_total', { event: 'gap' })).toBe(1.5);
    expect(figure(series, 'fdp_node_level', { level: 'clients' })).toBe(5);
    expect(series.filter(({ name }) => name === 'fdp_node_events_total')).toHaveLength(1);
    for (const name of ['fdp_info', 'fdp_node_events_total', 'fdp_node_duration_seconds_total', 'fdp_node_level'])
      expect(text).toMatch(new RegExp(`^# HELP ${name} Deprecated: `, 'm'));
  });

  it('have a series for each value that a counter is kept apart by', async () => {
    const extra = { 'unknown_conditions:1001': 3, 'unknown_conditions:a"b': 1 };
    const nodes = [nodeSnapshot({ name: 'rules', type: 'eligibility', extra })];
    const { write } = await createMetricsWriter();
    const text = await write(metricFamilies(processSnapshot(0, [topologySnapshot('flow', { nodes })]), sources));
    const series = parseMetrics(text).filter(({ name }) => name === 'fdp_node_unknown_conditions_total');
    expect(series.map(({ labels, value }) => [labels['code'], value])).toEqual([
      ['1001', 3],
      ['a\\"b', 1],
    ]);
  });

  it("follow Prometheus' rules for names and units, whatever is counted", async () => {
    const nodes = components.map(({ type, figures = {} }) => {
      const all = { ...engineFigures, ...figures };
      const gauges = Object.keys(all).filter((name) => all[name]?.type === 'gauge');
      return nodeSnapshot({
        name: type,
        type,
        extra: Object.fromEntries(Object.keys(all).map((name) => [all[name]?.label ? `${name}:value` : name, 1])),
        gauges,
      });
    });
    const { write } = await createMetricsWriter();
    const flow = topologySnapshot('flow', { nodes, lag: 1 });
    const text = await write(metricFamilies(processSnapshot(0, [flow]), sources));
    expect(metricProblems(text)).toEqual([]);
    const declared = nodes.flatMap(({ type }) => Object.values(sources.figuresOf(type)));
    const names = new Set(parseMetrics(text).map(({ name }) => name));
    expect(declared.filter(({ metric }) => !names.has(`fdp_node_${metric}`))).toEqual([]);
  });

  it('count a message in every bucket that it is not too slow for', async () => {
    const latency = new Latency();
    for (const ms of [1, 2, 2, 100, 1e7]) latency.record(ms, 10);
    const { write } = await createMetricsWriter();
    const flow = topologySnapshot('flow', { latency: latency.snapshot() });
    const series = parseMetrics(await write(metricFamilies(processSnapshot(0, [flow]), sources)));
    const name = 'fdp_end_to_end_latency_seconds';
    const below = ['0.00075', '0.001', '0.0015', '0.002', '0.096', '0.128', '393.216', '+Inf'].map((le) =>
      figure(series, `${name}_bucket`, { le }),
    );
    expect(below).toEqual([0, 10, 10, 30, 30, 40, 40, 50]);
    expect([figure(series, `${name}_count`), figure(series, `${name}_sum`)]).toEqual([50, 100_001.05]);
  });

  it('have no lag where it is not known', async () => {
    const names = metricFamilies(processSnapshot(0, [topologySnapshot('flow')]), sources);
    expect(names.find(({ name }) => name === 'fdp_lag_messages')?.values).toEqual([]);
  });
});
