import { counter, gauge, type MetricFamily } from './metric-family.ts';
import type { LabelledNode, MetricSources } from './node-metrics.ts';

/**
 * The gaps of the sources that can't give a message again: one series for each source, whatever its symbols. An open gap
 * counts up to the snapshot.
 */
export function feedFamilies(
  nodes: readonly LabelledNode[],
  { figuresOf }: Pick<MetricSources, 'figuresOf'>,
): readonly MetricFamily[] {
  const feeds = nodes.filter(({ node }) => node.kind === 'source' && 'gaps' in figuresOf(node.type));
  const each = (figure: string, factor = 1) =>
    feeds.map(({ node: { name, type, extra }, labels: { topology = '' } }) => ({
      labels: { topology, node: name, type },
      value: (extra[figure] ?? 0) * factor,
    }));
  return [
    counter('fdp_feed_gaps_total', 'Times for which messages of a feed were missed, or may have been.', each('gaps')),
    gauge('fdp_feed_open_gaps', 'Gaps of a feed that are not over: 0 while it is well.', each('open_gaps')),
    counter('fdp_feed_gap_seconds_total', 'Length of all gaps of a feed, open ones up to now.', each('gap_ms', 0.001)),
  ];
}
