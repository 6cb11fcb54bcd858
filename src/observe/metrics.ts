import type { Metric } from 'prom-client';
import { latencyBounds } from '../kit/latency.ts';
import type { NodeSnapshot, ProcessSnapshot, TopologySnapshot } from '../kit/snapshot.ts';

/** One metric with all its series, as Prometheus' text format has it. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly MetricSample[];
}

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** The name of a histogram's part; left out, the family's. */
  readonly metricName?: string;
}

/**
 * The metrics of a process, made from one snapshot and nothing else, so that within a scrape the messages of each
 * topology, and of each node, add up. Names are in base units; counters begin with the process.
 */
export function metricFamilies(snapshot: ProcessSnapshot): readonly MetricFamily[] {
  const { topologies, version, instance, ready, startedAt } = snapshot;
  const nodes = topologies.flatMap((topology) =>
    topology.nodes.map((node) => ({ node, labels: labelsOf(topology, node) })),
  );
  return [
    gauge('fdp_info', 'The version that runs, and the name of the process.', [
      { labels: { version, name: instance }, value: 1 },
    ]),
    gauge('fdp_start_time_seconds', 'When the process started, Unix time.', [{ labels: {}, value: startedAt / 1000 }]),
    gauge('fdp_ready', 'Whether every topology is ready: 1 or 0.', [{ labels: {}, value: Number(ready) }]),
    ...topologyFamilies(topologies),
    ...nodeFamilies(nodes),
  ];
}

function topologyFamilies(topologies: readonly TopologySnapshot[]): readonly MetricFamily[] {
  const each = (value: (topology: TopologySnapshot) => number | undefined) =>
    topologies.flatMap((topology) => {
      const given = value(topology);
      return given === undefined ? [] : [{ labels: { topology: topology.name }, value: given }];
    });
  const adds = 'read = delivered + filtered + rejected + released + in flight.';
  return [
    counter(
      'fdp_messages_read_total',
      `Source messages read; ${adds}`,
      each(({ read }) => read),
    ),
    counter(
      'fdp_messages_delivered_total',
      'Source messages that every sink confirmed.',
      each((t) => t.delivered),
    ),
    counter(
      'fdp_messages_filtered_total',
      'Source messages that an operator let go.',
      each((t) => t.filtered),
    ),
    counter(
      'fdp_messages_rejected_total',
      'Source messages rejected, to the dead letter.',
      each((t) => t.rejected),
    ),
    counter(
      'fdp_messages_released_total',
      'Source messages given back, to be read again.',
      each((t) => t.released),
    ),
    gauge(
      'fdp_in_flight',
      'Source messages read and not yet ended.',
      each(({ inFlight }) => inFlight),
    ),
    gauge(
      'fdp_lag_messages',
      'Messages in the log behind which the consumer group is.',
      each(({ lag }) => lag),
    ),
    counter(
      'fdp_topology_restarts_total',
      'Restarts by the supervisor.',
      each(({ restarts }) => restarts),
    ),
    gauge(
      'fdp_topology_ready',
      'Whether the topology is ready: 1 or 0.',
      each(({ ready }) => Number(ready)),
    ),
    gauge(
      'fdp_topology_state',
      'The state of the topology: 1 for the one that it is in.',
      topologies.map(({ name, state }) => ({ labels: { topology: name, state }, value: 1 })),
    ),
    latencyFamily(topologies),
  ];
}

/** From the reading of a batch, or from a log record's timestamp, to the batch's settlement. */
function latencyFamily(topologies: readonly TopologySnapshot[]): MetricFamily {
  const name = 'fdp_end_to_end_latency_seconds';
  const values = topologies.flatMap(({ name: topology, latency: { counts, count, sumMs } }): MetricSample[] => {
    let below = 0;
    const buckets = latencyBounds.map((bound, place) => {
      below += counts[place] ?? 0;
      return { labels: { topology, le: String(bound / 1000) }, value: below, metricName: `${name}_bucket` };
    });
    return [
      ...buckets,
      { labels: { topology, le: '+Inf' }, value: count, metricName: `${name}_bucket` },
      { labels: { topology }, value: sumMs / 1000, metricName: `${name}_sum` },
      { labels: { topology }, value: count, metricName: `${name}_count` },
    ];
  });
  return { name, type: 'histogram', help: "From reading, or a log record's timestamp, to settlement.", values };
}

interface LabelledNode {
  readonly node: NodeSnapshot;
  readonly labels: Readonly<Record<string, string>>;
}

const flows = ['in', 'made', 'out', 'filtered', 'rejected', 'released'] as const;
/** Extra counters that end so are durations. */
const milliseconds = '_ms';

function nodeFamilies(nodes: readonly LabelledNode[]): readonly MetricFamily[] {
  const each = (value: (node: NodeSnapshot) => number) =>
    nodes.map(({ node, labels }) => ({ labels, value: value(node) }));
  const connected = nodes.filter(({ node }) => node.kind !== 'operator');
  const extras = nodes.flatMap(({ node, labels }) =>
    Object.entries(node.extra).map(([name, value]) => ({ name, value, labels, isGauge: node.gauges.includes(name) })),
  );
  const counters = extras.filter(({ name, isGauge }) => !isGauge && name !== 'reconnects');
  const durations = counters.filter(({ name }) => name.endsWith(milliseconds));
  const events = counters.filter((extra) => !durations.includes(extra));
  return [
    counter(
      'fdp_node_messages_total',
      'Messages of a node by flow; in + made = out + filtered + rejected + released + in flight.',
      nodes.flatMap(({ node, labels }) => flows.map((flow) => ({ labels: { ...labels, flow }, value: node[flow] }))),
    ),
    gauge(
      'fdp_node_in_flight',
      'Messages within a node.',
      each(({ inFlight }) => inFlight),
    ),
    counter(
      'fdp_node_retries_total',
      'Attempts repeated.',
      each(({ retries }) => retries),
    ),
    counter(
      'fdp_node_reconnects_total',
      'Connections made again.',
      connected.map(({ node, labels }) => ({ labels, value: node.extra['reconnects'] ?? 0 })),
    ),
    gauge(
      'fdp_node_state',
      'The state of a node: 1 for the one that it is in.',
      nodes.map(({ node, labels }) => ({ labels: { ...labels, state: node.state }, value: 1 })),
    ),
    counter(
      'fdp_node_events_total',
      'What only some nodes count: gaps, skipped lines, refused requests.',
      events.map(({ name, value, labels }) => ({ labels: { ...labels, event: name }, value })),
    ),
    counter(
      'fdp_node_duration_seconds_total',
      'Time that only some nodes count: without a connection.',
      durations.map(({ name, value, labels }) => ({
        labels: { ...labels, event: name.slice(0, -milliseconds.length) },
        value: value / 1000,
      })),
    ),
    gauge(
      'fdp_node_level',
      'What only some nodes have at the moment: clients, open requests.',
      extras
        .filter(({ isGauge }) => isGauge)
        .map(({ name, value, labels }) => ({ labels: { ...labels, level: name }, value })),
    ),
  ];
}

function labelsOf(
  { name }: TopologySnapshot,
  { name: node, kind, type }: NodeSnapshot,
): Readonly<Record<string, string>> {
  return { topology: name, node, kind, type };
}

function counter(name: string, help: string, values: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'counter', values };
}

function gauge(name: string, help: string, values: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'gauge', values };
}

/** Writes metrics in Prometheus' text format. */
export interface MetricsWriter {
  readonly contentType: string;
  /** The families, and what Node.js tells about the process: CPU, memory, event loop, garbage collection. */
  write(families: readonly MetricFamily[]): Promise<string>;
}

/** Loads the Prometheus client, which a process that nobody scrapes never needs. */
export async function createMetricsWriter(): Promise<MetricsWriter> {
  const { Registry, collectDefaultMetrics } = await import('prom-client');
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  return {
    contentType: ofProcess.contentType,
    write: (families) => {
      const registry = Registry.merge([ofProcess]);
      // The client's own classes count by themselves; here the counting was done, and only the writing is wanted.
      for (const family of families)
        registry.registerMetric({ ...family, get: async () => family } as unknown as Metric);
      return registry.metrics();
    },
  };
}
