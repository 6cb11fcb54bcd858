import { latencyBounds } from '../kit/latency.ts';
import type { ProcessSnapshot, TopologySnapshot } from '../kit/snapshot.ts';
import { feedFamilies } from './feed-metrics.ts';
import { formerFamilies } from './former-metrics.ts';
import { counter, gauge, type MetricFamily, type MetricSample } from './metric-family.ts';
import { figureFamilies, labelled, type MetricSources, nodeFamilies } from './node-metrics.ts';

/**
 * The metrics of a process, made from one snapshot and nothing else, so that within a scrape the messages of each
 * topology, and of each node, add up. Names are in base units; counters begin with the process. No family mixes units.
 */
export function metricFamilies(snapshot: ProcessSnapshot, sources: MetricSources): readonly MetricFamily[] {
  const { topologies, version, instance, ready, startedAt } = snapshot;
  const nodes = labelled(topologies);
  return [
    gauge('fdp_build_info', 'The versions of fdp and of Node.js; always 1.', [
      { labels: { version, node: sources.node }, value: 1 },
    ]),
    gauge('fdp_process_info', 'The name of the process, FDP_INSTANCE or the host name; always 1.', [
      { labels: { name: instance }, value: 1 },
    ]),
    gauge('fdp_start_time_seconds', 'When the process started, Unix time.', [{ labels: {}, value: startedAt / 1000 }]),
    gauge('fdp_ready', 'Whether every topology is ready: 1 or 0.', [{ labels: {}, value: Number(ready) }]),
    ...topologyFamilies(topologies),
    ...nodeFamilies(nodes),
    ...feedFamilies(nodes, sources),
    ...figureFamilies(nodes, sources),
    ...formerFamilies(nodes, snapshot),
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
      `Source messages read: ${adds}`,
      each(({ read }) => read),
    ),
    counter(
      'fdp_messages_delivered_total',
      'Source messages that every sink confirmed.',
      each((t) => t.delivered),
    ),
    counter(
      'fdp_messages_filtered_total',
      'Source messages that an operator filtered.',
      each((t) => t.filtered),
    ),
    counter(
      'fdp_messages_rejected_total',
      'Source messages rejected: to the dead letter, or logged.',
      each((t) => t.rejected),
    ),
    counter(
      'fdp_messages_released_total',
      'Source messages released, to be read again.',
      each((t) => t.released),
    ),
    gauge(
      'fdp_in_flight',
      'Source messages read and not yet finished.',
      each(({ inFlight }) => inFlight),
    ),
    gauge(
      'fdp_lag_messages',
      'Messages in the log that the consumer group has not read.',
      each(({ lag }) => lag),
    ),
    counter(
      'fdp_topology_restarts_total',
      'Restarts of the topology after a failure.',
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
    const buckets = latencyBounds.map((bound, index) => {
      below += counts[index] ?? 0;
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
