import { Node, type NodeKind, type NodeOwner } from './node.ts';
import type { OperatorPlan, TopologyPlan } from './plan.ts';

/** The nodes of a branch, in the order of the flow. */
export interface BranchNodes {
  readonly operators: readonly Node[];
  readonly sink: Node;
}

/** The nodes of a topology. They outlive its restarts, so that the counters go on. */
export interface Graph {
  readonly source: Node;
  readonly operators: readonly Node[];
  readonly branches: ReadonlyMap<string, BranchNodes>;
  readonly routes: ReadonlyMap<string, readonly Node[]>;
  readonly lookups: ReadonlyMap<string, Node>;
  readonly deadLetter: Node | undefined;
  /** All of them, in the order of the flow. */
  readonly all: readonly Node[];
}

/** What the graph needs to know of a connector. */
export type TypeOf = (connector: string) => string;

export function buildGraph(plan: TopologyPlan, typeOf: TypeOf, owner: NodeOwner): Graph {
  const all: Node[] = [];
  const names = new Map<string, number>();
  const add = (wanted: string, kind: NodeKind, type: string): Node => {
    const seen = (names.get(wanted) ?? 0) + 1;
    names.set(wanted, seen);
    const node = new Node(seen === 1 ? wanted : `${wanted}-${seen}`, kind, type, owner);
    all.push(node);
    return node;
  };
  const addOperators = (operators: readonly OperatorPlan[], prefix = '') =>
    operators.map(({ declaration: { type } }) => add(prefix + type, 'operator', type));

  const source = add(plan.source.connector, 'source', typeOf(plan.source.connector));
  const operators = addOperators(plan.operators);
  const branches = new Map<string, BranchNodes>();
  for (const branch of plan.branches) {
    const before = addOperators(branch.operators, `${branch.name}/`);
    branches.set(branch.name, { operators: before, sink: add(branch.name, 'sink', typeOf(branch.connector)) });
  }
  const routes = new Map(plan.routes.map(({ route, operators }) => [route, addOperators(operators, `${route} `)]));
  const lookups = new Map(lookupsOf(plan).map((name) => [name, add(name, 'lookup', typeOf(name))]));
  const deadLetter = plan.deadLetter ? add(plan.deadLetter, 'dead_letter', typeOf(plan.deadLetter)) : undefined;
  return { source, operators, branches, routes, lookups, deadLetter, all };
}

/** The connectors that the operators of a topology look things up in. */
function lookupsOf(plan: TopologyPlan): string[] {
  const operators = [...plan.operators, ...plan.branches.flatMap((branch) => branch.operators)];
  operators.push(...plan.routes.flatMap((route) => route.operators));
  return [
    ...new Set(operators.flatMap(({ declaration, options }) => connectorsNamedBy(declaration.connectors, options))),
  ];
}

function connectorsNamedBy(paths: Readonly<Record<string, 'lookup'>> | undefined, options: unknown): string[] {
  const given = options as Readonly<Record<string, unknown>>;
  return Object.keys(paths ?? {}).map((name) => String(given[name]));
}
