import type { ProcessSnapshot } from '../kit/snapshot.ts';
import { counter, gauge, type MetricFamily } from './metric-family.ts';
import { type LabelledNode, reconnects } from './node-metrics.ts';

/** Families of earlier versions, in which a label named the counter: kept for dashboards until the next release. */
export function formerFamilies(
  nodes: readonly LabelledNode[],
  { version, instance }: ProcessSnapshot,
): readonly MetricFamily[] {
  const milliseconds = '_ms';
  const extras = nodes.flatMap(({ node, labels }) =>
    Object.entries(node.extra).map(([name, value]) => ({ name, value, labels, isGauge: node.gauges.includes(name) })),
  );
  const counters = extras.filter(({ name, isGauge }) => !isGauge && name !== reconnects);
  const durations = counters.filter(({ name }) => name.endsWith(milliseconds));
  const events = counters.filter((extra) => !durations.includes(extra));
  const levels = extras.filter(({ isGauge }) => isGauge);
  const help = 'Deprecated: see its own family.';
  return [
    gauge('fdp_info', 'Deprecated: see fdp_build_info and fdp_process_info.', [
      { labels: { version, name: instance }, value: 1 },
    ]),
    counter(
      'fdp_node_events_total',
      help,
      events.map(({ name, value, labels }) => ({ labels: { ...labels, event: name }, value })),
    ),
    counter(
      'fdp_node_duration_seconds_total',
      help,
      durations.map(({ name, value, labels }) => ({
        labels: { ...labels, event: name.slice(0, -milliseconds.length) },
        value: value / 1000,
      })),
    ),
    gauge(
      'fdp_node_level',
      help,
      levels.map(({ name, value, labels }) => ({ labels: { ...labels, level: name }, value })),
    ),
  ];
}
