import { findersOf, type GraphNode, groupOf, type TreeNode, treeOf } from './graph.ts';

export interface PlacedNode {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

export interface PlacedEdge {
  readonly from: string;
  readonly to: string;
  /** Messages, dead letters, or queries of a table. */
  readonly kind: 'flow' | 'reject' | 'lookup';
  /** The `d` of an SVG path. */
  readonly path: string;
  /** The centre of the edge's figure. */
  readonly labelX: number;
  readonly labelY: number;
}

/** The name of a route above its first operator. */
export interface PlacedLabel {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  /** Width available for the text. */
  readonly width: number;
}

/** A drawing of a topology, in CSS pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly labels: readonly PlacedLabel[];
}

const nodeHeight = 62;
const widest = 148;
const narrowest = 104;
/** Space for an arrow with its figure, for drawings to the right and downwards. */
const right = { gapX: 54, gapY: 20 };
const down = { gapX: 16, gapY: 30 };
const margin = 2;
const labelHeight = 22;
/** Space for the edges to lookups, below the last row. */
const underneath = 12;

/**
 * Lays a topology out from left to right, or from top to bottom where `width` (px) is too small for that. Lookups and
 * the dead letter are below the flow, or beside it. Nodes never overlap; the drawing is never wider than `width`,
 * unless its columns don't fit in it.
 */
export function layout(nodes: readonly GraphNode[], width: number): Layout {
  const tree = treeOf(nodes);
  const wide = gridToTheRight(nodes, tree);
  const columns = columnsOf(wide.cells);
  const needed = columns * narrowest + (columns - 1) * right.gapX + 2 * margin;
  return drawn(needed <= width ? wide : gridDownwards(nodes, tree), { nodes, width });
}

interface Cell {
  readonly node: GraphNode;
  readonly column: number;
  readonly row: number;
}

interface Grid {
  readonly isDown: boolean;
  readonly cells: readonly Cell[];
}

function gridToTheRight(nodes: readonly GraphNode[], tree: readonly TreeNode[]): Grid {
  const flow = tree.map(({ node, depth, row }) => ({ node, column: depth, row }));
  const last = Math.max(0, ...flow.map(({ column }) => column));
  const lookups: Cell[] = [];
  for (const node of nodes.filter(({ kind }) => kind === 'lookup')) {
    // At the end of the first row with an operator that queries it.
    const rows = flow.filter((cell) => findersOf(node, nodes).includes(cell.node)).map((cell) => cell.row);
    const row = rows.length > 0 ? Math.min(...rows) : 0;
    lookups.push({ node, column: last + 1 + lookups.filter((other) => other.row === row).length, row });
  }
  const below = Math.max(0, ...flow.map(({ row }) => row)) + 1;
  const letters = nodes.filter(({ kind }) => kind === 'dead_letter');
  const placed = letters.map((node, index) => ({ node, column: last, row: below + index }));
  return { isDown: false, cells: [...flow, ...lookups, ...placed] };
}

function gridDownwards(nodes: readonly GraphNode[], tree: readonly TreeNode[]): Grid {
  const flow = tree.map(({ node, depth, row }) => ({ node, column: row, row: depth }));
  const columns = columnsOf(flow);
  const last = Math.max(0, ...flow.map(({ row }) => row));
  const others = nodes.filter(({ kind }) => kind === 'lookup' || kind === 'dead_letter');
  const beside = (node: GraphNode, index: number): Cell => ({
    node,
    column: 1,
    row: index <= last ? last - index : index,
  });
  const below = (node: GraphNode, index: number): Cell => ({
    node,
    column: index % columns,
    row: last + 1 + Math.floor(index / columns),
  });
  return { isDown: true, cells: [...flow, ...others.map(columns === 1 ? beside : below)] };
}

function columnsOf(cells: readonly Cell[]): number {
  return Math.max(0, ...cells.map(({ column }) => column)) + 1;
}

// ---- from the grid to pixels --------------------------------------------------------------------------------------

interface Box extends Cell {
  readonly x: number;
  readonly y: number;
}

interface Drawing {
  readonly isDown: boolean;
  readonly nodeWidth: number;
  readonly boxes: ReadonlyMap<string, Box>;
  /** Nodes below the name of a route. */
  readonly heads: ReadonlySet<string>;
}

function drawn({ isDown, cells }: Grid, { nodes, width }: { nodes: readonly GraphNode[]; width: number }): Layout {
  const { gapX, gapY } = isDown ? down : right;
  const columns = columnsOf(cells);
  const rows = Math.max(0, ...cells.map(({ row }) => row)) + 1;
  const room = Math.floor((width - 2 * margin - (columns - 1) * gapX) / columns);
  const nodeWidth = Math.min(widest, Math.max(narrowest - (isDown ? 24 : 0), room));
  const heads = headsOf(cells);
  // From top to bottom, all names of routes are in one line; from left to right, each is above its own row.
  const headRoom = (row: number) =>
    heads.some((head) => (isDown ? head.row <= row : head.row === row)) ? labelHeight : 0;
  const tops: number[] = [];
  let y = margin;
  for (let row = 0; row < rows; row++) {
    if (!isDown || headRoom(row - 1) === 0) y += headRoom(row);
    tops.push(y);
    y += nodeHeight + gapY;
  }
  const box = (cell: Cell): Box => ({ ...cell, x: margin + cell.column * (nodeWidth + gapX), y: tops[cell.row] ?? 0 });
  const boxes = new Map(cells.map((cell) => [cell.node.name, box(cell)]));
  return {
    width: columns * nodeWidth + (columns - 1) * gapX + 2 * margin,
    height: y - gapY + margin + (!isDown && cells.some(({ node }) => node.kind === 'lookup') ? underneath : 0),
    ...{ nodeWidth, nodeHeight },
    nodes: [...boxes.values()].map(({ node, ...at }) => ({ name: node.name, x: at.x, y: at.y })),
    edges: edgesOf(nodes, { isDown, nodeWidth, boxes, heads: new Set(heads.map(({ node }) => node.name)) }),
    labels: heads.map((cell) => ({
      text: groupOf(cell.node),
      x: box(cell).x,
      y: box(cell).y - 7,
      width: isDown ? nodeWidth : 3 * nodeWidth,
    })),
  };
}

/** The first operators of routes: operators in a group that has no node (a sink) of its name. */
function headsOf(cells: readonly Cell[]): readonly Cell[] {
  const names = new Set(cells.map(({ node }) => node.name));
  const seen = new Set<string>();
  return cells.filter(({ node }) => {
    const group = groupOf(node);
    const isHead = group !== '' && !names.has(group) && !seen.has(group);
    seen.add(group);
    return isHead;
  });
}

// ---- arrows -------------------------------------------------------------------------------------------------------

function edgesOf(nodes: readonly GraphNode[], drawing: Drawing): readonly PlacedEdge[] {
  const edge = (kind: PlacedEdge['kind'], from: GraphNode, to: GraphNode): readonly PlacedEdge[] => {
    const [a, b] = [drawing.boxes.get(from.name), drawing.boxes.get(to.name)];
    return a && b ? [{ from: from.name, to: to.name, kind, ...pathOf(kind, { a, b, drawing }) }] : [];
  };
  const firstOperator = nodes.find(({ kind }) => kind === 'operator') ?? nodes[0];
  const flow = nodes.flatMap((node) => {
    const parent = nodes.find(({ name }) => name === node.from);
    return parent ? edge('flow', parent, node) : [];
  });
  const lookups = nodes
    .filter(({ kind }) => kind === 'lookup')
    .flatMap((lookup) => findersOf(lookup, nodes).flatMap((finder) => edge('lookup', finder, lookup)));
  const rejects = nodes
    .filter(({ kind }) => kind === 'dead_letter')
    .flatMap((letter) =>
      nodes
        .filter((node) => node !== letter && (node.rejected > 0 || node === firstOperator))
        .flatMap((node) => edge('reject', node, letter)),
    );
  return [...lookups, ...rejects, ...flow];
}

interface Ends {
  readonly a: Box;
  readonly b: Box;
  readonly drawing: Drawing;
}

type Path = Pick<PlacedEdge, 'path' | 'labelX' | 'labelY'>;

function pathOf(kind: PlacedEdge['kind'], ends: Ends): Path {
  if (kind === 'flow') return ends.drawing.isDown ? downArrow(ends) : rightArrow(ends);
  if (kind === 'reject') return ends.drawing.isDown ? elbowDown(ends) : elbowRight(ends);
  return ends.drawing.isDown ? downArrow(ends) : under(ends);
}

function rightArrow({ a, b, drawing: { nodeWidth } }: Ends): Path {
  const [x1, y1, x2, y2] = [a.x + nodeWidth, a.y + nodeHeight / 2, b.x, b.y + nodeHeight / 2];
  const middle = (x1 + x2) / 2;
  const path = y1 === y2 ? `M${x1} ${y1}H${x2}` : `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
  return { path, labelX: middle + (y1 === y2 ? 0 : 4), labelY: y1 === y2 ? y2 - 7 : y2 + 15 };
}

function downArrow({ a, b, drawing: { nodeWidth, heads } }: Ends): Path {
  const [x1, y1, x2, y2] = [a.x + nodeWidth / 2, a.y + nodeHeight, b.x + nodeWidth / 2, b.y];
  const middle = (y1 + y2) / 2;
  const path = x1 === x2 ? `M${x1} ${y1}V${y2}` : `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`;
  return { path, labelX: x2 + 28, labelY: (heads.has(b.node.name) ? y2 - labelHeight : y2) - 10 };
}

/** From below the node to the end of the row, and up into the lookup. */
function under({ a, b, drawing: { nodeWidth } }: Ends): Path {
  const [x1, y1, x2, y2] = [a.x + nodeWidth / 2, a.y + nodeHeight, b.x + nodeWidth / 2, b.y + nodeHeight];
  const path = `M${x1} ${y1}v5q0 6 6 6H${x2 - 6}q6 0 6 -6V${y2}`;
  return { path, labelX: x2, labelY: y1 };
}

/** Down below the flow, then right to the dead letter. */
function elbowRight({ a, b, drawing: { nodeWidth } }: Ends): Path {
  const [x1, y1, x2, y2] = [a.x + nodeWidth / 2, a.y + nodeHeight, b.x, b.y + nodeHeight / 2];
  if (a.column === b.column) return { path: `M${x1} ${y1}V${b.y}`, labelX: x1 + 26, labelY: b.y - 6 };
  return { path: `M${x1} ${y1}V${y2 - 8}q0 8 8 8H${x2}`, labelX: x2 - 24, labelY: y2 - 7 };
}

/** Right, then down to the dead letter. */
function elbowDown({ a, b, drawing }: Ends): Path {
  const { nodeWidth } = drawing;
  const [x1, y1, x2, y2] = [a.x + nodeWidth, a.y + nodeHeight / 2, b.x + nodeWidth / 2, b.y];
  if (a.row === b.row) return { path: `M${x1} ${y1}H${b.x}`, labelX: x2, labelY: y2 - 8 };
  if (b.column <= a.column) return downArrow({ a, b, drawing });
  return { path: `M${x1} ${y1}H${x2 - 8}q8 0 8 8V${y2}`, labelX: x2 - 24, labelY: y2 - 10 };
}
