import { type NodeKind, type NodeOwner, NodeStats } from '../kit/node-stats.ts';
import type { OperatorPlan, TopologyPlan, UsePlan } from './plan.ts';

/** The nodes of a branch, in the order of the flow. */
export interface BranchNodes {
  readonly operators: readonly NodeStats[];
  readonly sink: NodeStats;
}

/** What a node was made of, and the one that gives it messages. */
export interface NodeOrigin {
  readonly plan: OperatorPlan | UsePlan;
  readonly from?: NodeStats;
}

/** The nodes of a topology. They outlive its restarts, so that the counters continue. */
export interface Graph {
  readonly source: NodeStats;
  readonly operators: readonly NodeStats[];
  readonly branches: ReadonlyMap<string, BranchNodes>;
  readonly routes: ReadonlyMap<string, readonly NodeStats[]>;
  readonly lookups: ReadonlyMap<string, NodeStats>;
  readonly deadLetter: NodeStats | undefined;
  /** All of them, in the order of the flow. */
  readonly all: readonly NodeStats[];
  readonly origins: ReadonlyMap<NodeStats, NodeOrigin>;
}

/** The type of a connector, by its name. */
export type TypeOf = (connector: string) => string;

export function buildGraph(plan: TopologyPlan, typeOf: TypeOf, owner: NodeOwner): Graph {
  const origins = new Map<NodeStats, NodeOrigin>();
  const names = new Map<string, number>();
  const add = (wanted: string, kind: NodeKind, origin: NodeOrigin): NodeStats => {
    const seen = (names.get(wanted) ?? 0) + 1;
    names.set(wanted, seen);
    const type = 'declaration' in origin.plan ? origin.plan.declaration.type : typeOf(origin.plan.connector);
    const node = new NodeStats(seen === 1 ? wanted : `${wanted}-${seen}`, kind, type, owner);
    origins.set(node, origin);
    return node;
  };
  const addOperators = (operators: readonly OperatorPlan[], before: NodeStats, prefix = '') => {
    let from = before;
    return operators.map((operator) => {
      from = add(prefix + operator.declaration.type, 'operator', { plan: operator, from });
      return from;
    });
  };

  const source = add(plan.source.connector, 'source', { plan: plan.source });
  const operators = addOperators(plan.operators, source);
  const branches = new Map<string, BranchNodes>();
  for (const branch of plan.branches) {
    const after = branch.after === undefined ? undefined : branches.get(branch.after)?.sink;
    const before = after ?? operators.at(-1) ?? source;
    const own = addOperators(branch.operators, before, `${branch.name}/`);
    const sink = add(branch.name, 'sink', { plan: branch, from: own.at(-1) ?? before });
    for (const node of [...own, sink]) node.branch = branch.name;
    branches.set(branch.name, { operators: own, sink });
  }
  const routes = new Map(
    plan.routes.map(({ route, operators }) => [route, addOperators(operators, source, `${route} `)]),
  );
  const lookupNode = (connector: string) => add(connector, 'lookup', { plan: { connector, usage: {} } });
  const lookups = new Map(lookupsOfPlan(plan).map((name) => [name, lookupNode(name)]));
  const deadLetter = plan.deadLetter && add(plan.deadLetter.connector, 'dead_letter', { plan: plan.deadLetter });
  return { source, operators, branches, routes, lookups, deadLetter, all: [...origins.keys()], origins };
}

/** The connectors that the operators of a topology look things up in. */
export function lookupsOfPlan(plan: TopologyPlan): readonly string[] {
  const operators = [...plan.operators, ...plan.branches.flatMap((branch) => branch.operators)];
  operators.push(...plan.routes.flatMap((route) => route.operators));
  return [
    ...new Set(operators.flatMap(({ declaration, options }) => connectorsNamedBy(declaration.connectors, options))),
  ];
}

function connectorsNamedBy(paths: Readonly<Record<string, 'lookup'>> | undefined, options: unknown): string[] {
  const given = options as Readonly<Record<string, unknown>>;
  return Object.keys(paths ?? {})
    .map((name) => given[name])
    .filter((name) => typeof name === 'string');
}
