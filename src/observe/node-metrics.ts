import { engineFigures } from '../engine/figures.ts';
import type { Figure, Figures } from '../kit/figures.ts';
import type { NodeSnapshot, TopologySnapshot } from '../kit/snapshot.ts';
import { counter, gauge, type MetricFamily, type MetricSample } from './metric-family.ts';

/** What metrics are made from beside a snapshot. */
export interface MetricSources {
  /** The version of Node.js. */
  readonly node: string;
  /** What components of a type count beyond messages. */
  figuresOf(type: string): Figures;
}

/** A node with the labels of all its series. */
export interface LabelledNode {
  readonly node: NodeSnapshot;
  readonly labels: Readonly<Record<string, string>>;
}

/** The nodes of all topologies. */
export function labelled(topologies: readonly TopologySnapshot[]): readonly LabelledNode[] {
  return topologies.flatMap(({ name: topology, nodes }) =>
    nodes.map((node) => ({ node, labels: { topology, node: node.name, kind: node.kind, type: node.type } })),
  );
}

const flows = ['in', 'made', 'out', 'filtered', 'rejected', 'released'] as const;
/** Counted by most connectors: a family of its own, with 0 for those that never lost their connection. */
export const reconnects = 'reconnects';

/** What every node has. */
export function nodeFamilies(nodes: readonly LabelledNode[]): readonly MetricFamily[] {
  const each = (value: (node: NodeSnapshot) => number) =>
    nodes.map(({ node, labels }) => ({ labels, value: value(node) }));
  const connected = nodes.filter(({ node }) => node.kind !== 'operator');
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
      connected.map(({ node, labels }) => ({ labels, value: node.extra[reconnects] ?? 0 })),
    ),
    gauge(
      'fdp_node_state',
      'The state of a node: 1 for the one that it is in.',
      nodes.map(({ node, labels }) => ({ labels: { ...labels, state: node.state }, value: 1 })),
    ),
  ];
}

/** A family per figure: declared counters begin with 0, so that no first increase is missed. */
export function figureFamilies(nodes: readonly LabelledNode[], { figuresOf }: MetricSources): readonly MetricFamily[] {
  const families = new Map<string, MetricFamily & { readonly values: MetricSample[] }>();
  const add = ({ type, metric, help, factor }: Figure, { labels }: LabelledNode, value: number) => {
    const name = `fdp_node_${metric}`;
    const family = families.get(name) ?? { name, type, help, values: [] };
    families.set(name, family);
    family.values.push({ labels, value: value * factor });
  };
  for (const each of nodes) {
    const declared = figuresOf(each.node.type);
    for (const [name, figure] of Object.entries({ ...engineFigures, ...declared })) {
      const { label } = figure;
      if (label !== undefined) {
        for (const { value, count } of countedBy(name, each)) add(figure, withLabel(each, label, value), count);
        continue;
      }
      const value = each.node.extra[name];
      const begins = figure.type === 'counter' && name in declared;
      if (name !== reconnects && (value !== undefined || begins)) add(figure, each, value ?? 0);
    }
  }
  return [...families.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** The series of a counter with one series per value. */
function countedBy(
  name: string,
  { node }: LabelledNode,
): readonly { readonly value: string; readonly count: number }[] {
  return Object.entries(node.extra)
    .filter(([key]) => key.startsWith(`${name}:`))
    .map(([key, count]) => ({ value: key.slice(name.length + 1), count }));
}

function withLabel(each: LabelledNode, label: string, value: string): LabelledNode {
  return { ...each, labels: { ...each.labels, [label]: value } };
}
