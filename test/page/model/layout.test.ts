import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GraphNode, groupOf, shortName } from '../../../page/model/graph.ts';
import { type Layout, layout } from '../../../page/model/layout.ts';

function node(name: string, given: Partial<GraphNode> = {}): GraphNode {
  return {
    name,
    kind: 'operator',
    type: name.split(/[ /]/).at(-1) ?? name,
    rejected: 0,
    options: {},
    ...given,
  } as GraphNode;
}

function chain(...names: readonly string[]): GraphNode[] {
  return names.map((name, index) => {
    const from = names[index - 1];
    return node(name, from === undefined ? { kind: 'source' } : { from });
  });
}

const processor = [...chain('ticks', 'explode', 'require', 'trades'), node('rejected', { kind: 'dead_letter' })];
const api = [
  node('http', { kind: 'source' }),
  ...['GET /a', 'GET /b/{c}'].flatMap((route) => [
    node(`${route} find`, { from: 'http', options: { in: 'rows' } }),
    node(`${route} reply`, { from: `${route} find` }),
  ]),
  node('rows', { kind: 'lookup', type: 'sqlite_table' }),
];

function at(drawn: Layout, name: string) {
  return drawn.nodes.find((placed) => placed.name === name) ?? { x: Number.NaN, y: Number.NaN };
}

function overlaps({ nodes, nodeWidth, nodeHeight }: Layout): boolean {
  return nodes.some((a) =>
    nodes.some((b) => a !== b && Math.abs(a.x - b.x) < nodeWidth && Math.abs(a.y - b.y) < nodeHeight),
  );
}

describe('graph layout', () => {
  it('goes from left to right if there is room, otherwise downwards', () => {
    const wide = layout(processor, 1200);
    expect(at(wide, 'trades').x).toBeGreaterThan(at(wide, 'require').x);
    expect(at(wide, 'trades').y).toBe(at(wide, 'ticks').y);
    const narrow = layout(processor, 320);
    expect(at(narrow, 'trades').y).toBeGreaterThan(at(narrow, 'require').y);
    expect(at(narrow, 'trades').x).toBe(at(narrow, 'ticks').x);
    expect(narrow.width).toBeLessThanOrEqual(320);
  });

  it('gives each route its own row, with its name', () => {
    const drawn = layout(api, 1200);
    expect(drawn.labels.map(({ text }) => text)).toEqual(['GET /a', 'GET /b/{c}']);
    expect(at(drawn, 'GET /b/{c} find').y).toBeGreaterThan(at(drawn, 'GET /a find').y);
    expect(at(drawn, 'GET /b/{c} find').x).toBe(at(drawn, 'GET /a find').x);
  });

  it('draws an arrow for each path of a message, from every operator that looks up, and from every node that rejects', () => {
    const edges = (nodes: readonly GraphNode[]) =>
      layout(nodes, 1200).edges.map(({ kind, from, to }) => `${kind} ${from}>${to}`);
    expect(edges(api).filter((edge) => edge.startsWith('lookup'))).toEqual([
      'lookup GET /a find>rows',
      'lookup GET /b/{c} find>rows',
    ]);
    expect(edges(api).filter((edge) => edge.startsWith('flow'))).toHaveLength(4);
    const rejecting = processor.map((one) => (one.name === 'require' ? { ...one, rejected: 2 } : one));
    expect(edges(rejecting)).toContain('reject require>rejected');
    expect(edges(processor)).not.toContain('reject require>rejected');
  });

  it('never overlaps nodes and loses none, whatever the tree', () => {
    const arbitraryTree = fc
      .array(fc.nat(), { minLength: 1, maxLength: 20 })
      .map((parents) => [
        node('0', { kind: 'source' }),
        ...parents.map((parent, index) => node(String(index + 1), { from: String(parent % (index + 1)) })),
        node('rows', { kind: 'lookup' }),
        node('more rows', { kind: 'lookup' }),
        node('rejected', { kind: 'dead_letter' }),
      ]);
    fc.assert(
      fc.property(arbitraryTree, fc.integer({ min: 100, max: 2000 }), (nodes, width) => {
        const drawn = layout(nodes, width);
        expect(drawn.nodes.map(({ name }) => name).sort()).toEqual(nodes.map(({ name }) => name).sort());
        expect(overlaps(drawn)).toBe(false);
        for (const { x, y } of drawn.nodes) {
          expect(x + drawn.nodeWidth).toBeLessThanOrEqual(drawn.width);
          expect(y + drawn.nodeHeight).toBeLessThanOrEqual(drawn.height);
        }
      }),
    );
  });

  it('ends for circular and for empty graphs too', () => {
    expect(layout([node('a', { from: 'b' }), node('b', { from: 'a' })], 500).nodes).toEqual([]);
    expect(layout([], 500).nodes).toEqual([]);
  });

  it('shows the name of a route once', () => {
    const find = node('GET /a find');
    expect([groupOf(find), shortName(find)]).toEqual(['GET /a', 'find']);
    const upsert = node('symbols/metadata_upsert');
    expect([groupOf(upsert), shortName(upsert)]).toEqual(['symbols', 'metadata_upsert']);
    expect(shortName(node('explode'))).toBe('explode');
  });
});
