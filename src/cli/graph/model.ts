import { buildGraph, type Graph } from '../../engine/graph.ts';
import type { TopologyPlan } from '../../engine/plan.ts';
import type { NodeStats } from '../../kit/node-stats.ts';

/** What a picture of topologies shows: the nodes of the engine's graphs. A connector that several use is one node. */
export interface GraphModel {
  readonly topologies: readonly DrawnTopology[];
  readonly connectors: readonly DrawnConnector[];
}

export interface DrawnTopology {
  readonly name: string;
  /** In the order of the flow. */
  readonly nodes: readonly DrawnNode[];
  /** The connector that takes rejected messages. */
  readonly deadLetter: string | undefined;
  /** The connectors that its operators look things up in. */
  readonly lookups: readonly string[];
}

export interface DrawnNode {
  /** Unique in its topology. */
  readonly key: string;
  readonly kind: 'source' | 'operator' | 'route' | 'sink';
  /** Of a connector its name, of an operator its type, of a route the route. */
  readonly text: string;
  /** Of a route: the types of its operators. */
  readonly operators?: readonly string[];
  /** The `key` of the node that gives it messages; left out for the source. */
  readonly from?: string;
}

export type ConnectorUse = 'writes' | 'reads' | 'rejects' | 'looks up';

export interface DrawnConnector {
  readonly name: string;
  /** The topologies that use it, by how they do. */
  readonly uses: ReadonlyMap<ConnectorUse, readonly string[]>;
}

/** The model of topologies. */
export function graphModel(plans: readonly TopologyPlan[]): GraphModel {
  const topologies = plans.map(drawn);
  const connectors = new Map<string, Map<ConnectorUse, string[]>>();
  const add = (name: string, use: ConnectorUse, topology: string) => {
    const uses = connectors.get(name) ?? new Map<ConnectorUse, string[]>();
    const known = uses.get(use) ?? [];
    if (!known.includes(topology)) uses.set(use, [...known, topology]);
    connectors.set(name, uses);
  };
  for (const { name, nodes, deadLetter, lookups } of topologies) {
    for (const { kind, text } of nodes)
      if (kind === 'source' || kind === 'sink') add(text, kind === 'source' ? 'reads' : 'writes', name);
    for (const lookup of lookups) add(lookup, 'looks up', name);
    if (deadLetter !== undefined) add(deadLetter, 'rejects', name);
  }
  return { topologies, connectors: [...connectors].map(([name, uses]) => ({ name, uses })) };
}

function drawn(plan: TopologyPlan): DrawnTopology {
  const graph = buildGraph(plan, () => '', { stateChanged: () => {} });
  const inRoutes = new Set([...graph.routes.values()].flat());
  const inFlow = graph.all.filter((node) => ['source', 'operator', 'sink'].includes(node.kind) && !inRoutes.has(node));
  const routes = plan.routes.map(
    ({ route, operators }): DrawnNode => ({
      ...{ key: route, kind: 'route', text: route, from: graph.source.name },
      operators: operators.map(({ declaration }) => declaration.type),
    }),
  );
  return {
    name: plan.name,
    nodes: [...inFlow.map((node) => drawnNode(node, graph)), ...routes],
    deadLetter: plan.deadLetter?.connector,
    lookups: [...graph.lookups.keys()],
  };
}

function drawnNode(node: NodeStats, { origins }: Graph): DrawnNode {
  const { plan, from } = origins.get(node) ?? {};
  const text = plan && 'connector' in plan ? plan.connector : (plan?.declaration.type ?? node.name);
  const kind = node.kind === 'source' || node.kind === 'sink' ? node.kind : 'operator';
  return { key: node.name, kind, text, ...(from ? { from: from.name } : {}) };
}
