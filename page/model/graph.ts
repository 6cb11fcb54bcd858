import type { NodeView } from './topologies.ts';

/** The parts of a node that determine its position. */
export type GraphNode = Pick<NodeView, 'name' | 'kind' | 'type' | 'from' | 'rejected' | 'options'>;

/** A node of the flow, with its position in the topology's tree. */
export interface TreeNode {
  readonly node: GraphNode;
  /** Number of edges from the source. */
  readonly depth: number;
  /** The first child is in the row of its parent; each further child begins a row below. */
  readonly row: number;
}

/** The flow of a topology; each node is reached once. */
export function treeOf(nodes: readonly GraphNode[]): readonly TreeNode[] {
  const placed: TreeNode[] = [];
  let rows = 0;
  const add = (node: GraphNode, depth: number, row: number): void => {
    if (placed.some((other) => other.node === node)) return;
    placed.push({ node, depth, row });
    const children = nodes.filter(({ from }) => from === node.name);
    for (const [index, child] of children.entries()) add(child, depth + 1, index === 0 ? row : rows++);
  };
  for (const node of nodes) if (node.kind === 'source') add(node, 0, rows++);
  return placed;
}

/** The operators that query a lookup, according to their options. */
export function findersOf(lookup: GraphNode, nodes: readonly GraphNode[]): readonly GraphNode[] {
  return nodes.filter(({ kind, options }) => kind === 'operator' && optionIn(options) === lookup.name);
}

function optionIn(options: unknown): unknown {
  return typeof options === 'object' && options !== null && 'in' in options ? options.in : undefined;
}

/** The name of the route or branch that an operator's name begins with; empty for other nodes. */
export function groupOf({ name, type, kind }: GraphNode): string {
  if (kind !== 'operator') return '';
  return name.slice(0, Math.max(0, name.lastIndexOf(type))).replace(/[ /]$/, '');
}

/** The name of a node within its route or branch. */
export function shortName(node: GraphNode): string {
  const group = groupOf(node);
  return group === '' ? node.name : node.name.slice(group.length + 1);
}
