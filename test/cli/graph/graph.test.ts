import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GraphFormat, graph, picture } from '../../../src/cli/graph/graph.ts';
import type { TopologyPlan } from '../../../src/engine/plan.ts';
import { drawnPlans } from '../../../src/pipeline/give/resolve.ts';
import { pipelineOf, randomTopology } from '../../support/pipeline/random-pipelines.ts';
import { folderWith, readText, shippedComponents } from '../../support/pipeline/spec.ts';

/** `from > to` of every edge of a topology, by what its nodes are called, sorted. */
function edgesOf({ source, operators, branches }: TopologyPlan): readonly string[] {
  const edges: string[] = [];
  const chain = (from: string, steps: readonly { readonly declaration: { readonly type: string } }[]): string => {
    let last = from;
    for (const { declaration } of steps) {
      edges.push(`${last} > ${declaration.type}`);
      last = declaration.type;
    }
    return last;
  };
  const shared = chain(source.connector, operators);
  for (const { connector, after, operators: own } of branches) {
    const before = branches.find(({ name }) => name === after)?.connector ?? shared;
    edges.push(`${chain(before, own)} > ${connector}`);
  }
  return edges.sort();
}

/** The edges of a flowchart by the labels of their nodes; those of a topology are its steps', or bear its name. */
function edgesOfMermaid(text: string): { readonly flow: readonly string[]; readonly dotted: readonly string[] } {
  const labels = new Map<string, string>();
  for (const [, id = '', label = ''] of text.matchAll(/^ +(?:subgraph )?(\w+)[[(]+"([^"]*)"[\])]+$/gm))
    labels.set(id, label);
  const named = (pattern: RegExp) =>
    [...text.matchAll(pattern)].map(([, from = '', to = '']) => `${labels.get(from)} > ${labels.get(to)}`).sort();
  return {
    flow: named(/^ {2}(\w+) -->(?:\|"[^"]*"\|)? (\w+)$/gm),
    dotted: named(/^ {2}(\w+) -\.->(?:\|rejected\|)? (\w+)$/gm),
  };
}

/** The edges of the only topology of a text; a line that begins with an arrow continues the one before. */
function edgesOfAscii(text: string): readonly string[] {
  const [tree = ''] = text.split('\n\n');
  const lines = tree
    .replace(/\n {2}(?:[|] {3}| {4})*(?: {4})-> /g, ' -> ')
    .split('\n')
    .slice(1)
    .filter((line) => !/^ {2}(rejected messages|looks up):/.test(line));
  const edges: string[] = [];
  const ends: string[] = [];
  for (const line of lines) {
    const [, indent = '', branch = '', rest = ''] = /^ {2}((?:[|] {3}| {4})*)(\+-> )?(.*)$/.exec(line) ?? [];
    const depth = indent.length / 4 + (branch === '' ? 0 : 1);
    const names = rest.split(' -> ').map((name) => name.replace(/^\[(.*)\]$/, '$1'));
    const all = depth === 0 ? names : [ends[depth - 1] ?? '', ...names];
    for (const [at, name] of all.slice(1).entries()) edges.push(`${all[at]} > ${name}`);
    ends[depth] = names.at(-1) ?? '';
  }
  return edges.sort();
}

function drawn(yaml: string, format: GraphFormat): { readonly text: string; readonly plans: readonly TopologyPlan[] } {
  const { spec } = readText(yaml);
  expect(spec.problems.list).toEqual([]);
  return { text: picture(spec, [], format), plans: drawnPlans(spec, [...spec.topologies.values()]) };
}

describe('fdp graph', () => {
  it('has the edges of the plan as a flowchart, whatever the topologies', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(fc.array(randomTopology, { minLength: 1, maxLength: 3 }), (topologies) => {
        const { text, plans } = drawn(pipelineOf(topologies), 'mermaid');
        const { flow, dotted } = edgesOfMermaid(text);
        expect(flow).toEqual(plans.flatMap(edgesOf).sort());
        const letters = plans.filter(({ deadLetter }) => deadLetter !== undefined);
        const lookups = plans.filter(({ operators, branches }) =>
          [...operators, ...branches.flatMap((branch) => branch.operators)].some(
            ({ declaration }) => declaration.type === 'find',
          ),
        );
        expect(dotted).toHaveLength(letters.length + lookups.length);
      }),
      { numRuns: 60 },
    );
  });

  it('has the edges of the plan as a tree of at most 80 columns, whatever the topology', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(randomTopology, (topology) => {
        const { text, plans } = drawn(pipelineOf([topology]), 'ascii');
        expect(edgesOfAscii(text)).toEqual(plans.flatMap(edgesOf).sort());
        for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
        expect(text).toMatch(/^[\x20-\x7e\n]*$/);
      }),
      { numRuns: 100 },
    );
  });

  it('fits names of any length into 80 columns, and gives names that mean something to Mermaid ids of its own', () => {
    const long = `a${'b'.repeat(62)}`;
    const yaml = `
connectors:
  ${long}: { type: file, path: in.ndjson }
  end: { type: file, path: out.ndjson }
  a-b: { type: sqlite_table, path: s.db, table: t1 }
  a_b: { type: sqlite_table, path: s.db, table: t2 }
topologies:
  ${long}: { source: ${long}, operators: [{ filter: 'x > 0' }, { filter: 'y > 0' }], sinks: [end, a-b, a_b] }
  end: { source: ${long}, sink: a_b }
`;
    for (const line of drawn(yaml, 'ascii').text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    const { text, plans } = drawn(yaml, 'mermaid');
    expect(edgesOfMermaid(text).flow).toEqual(plans.flatMap(edgesOf).sort());
    const ids = [...text.matchAll(/^ +(?:subgraph )?(\w+)[[(]/gm)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).not.toContain('end');
  });

  it('indents branches that follow others, and shortens what is too deep for 80 columns', () => {
    const names = ['first', 'second', 'third', ...[1, 2, 3, 4].map((nth) => `b${nth}${'b'.repeat(60)}`)];
    const tables = names.map((name) => `  ${name}: { type: sqlite_table, path: s.db, table: ${name} }\n`).join('');
    const after = (index: number, target: string) => `      - { connector: ${names[index]}, after: ${target} }\n`;
    const deep = [3, 4, 5, 6].flatMap((index) => [after(index, names[index - 1] ?? '')]).join('');
    const { text } = drawn(
      `connectors:
  in: { type: file, path: in.ndjson }
  out: { type: file, path: out.ndjson }
${tables}topologies:
  t:
    source: in
    sinks:
      - first
${after(1, 'first')}${after(2, 'first')}${deep}      - out
`,
      'ascii',
    );
    const lines = text.split('\n');
    expect(lines.slice(0, 5)).toEqual(['t', '  [in]', '  +-> [first]', '  |   +-> [second]', '  |   +-> [third]']);
    expect(lines.at(-2)).toBe('  +-> [out]');
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('draws a connector that several topologies use once, and says who uses it', () => {
    const request = { pipelinePath: 'pipeline.yml', profile: 'embedded', env: {}, components: shippedComponents };
    const shipped = (names: readonly string[], format: GraphFormat) =>
      graph({ ...request, folder: process.cwd() }, names, format).text;
    expect(shipped([], 'mermaid').match(/\[\("ticks"\)\]/g)).toHaveLength(1);
    expect(shipped([], 'ascii')).toContain(
      '  ticks: written by ingestor; read by processor, candles, analytics\n  rejected: dead letter of',
    );
    expect(shipped([], 'ascii')).toContain('  trades: written by processor; looked up by api\n');
    expect(shipped(['api'], 'ascii')).toContain(
      '  +-> GET /api/v1/gaps: params, find, filter, map, reply\n  looks up: ',
    );
    expect(shipped(['simulation'], 'ascii')).toBe('simulation\n  [mock] -> explode -> vwap -> map -> [vwap_feed]\n');
    expect(() => shipped(['simulatoin'], 'ascii')).toThrow('did you mean "simulation"?');
  });

  it('shows the mistakes of the pipeline instead', () => {
    const folder = folderWith({ 'pipeline.yml': 'topologies: { t: { source: nothing, sink: nothing } }\n' });
    const request = { pipelinePath: `${folder}/pipeline.yml`, env: {}, components: shippedComponents, folder };
    const { text, exitCode } = graph(request, [], 'ascii');
    expect([exitCode, text]).toEqual([2, expect.stringContaining('unknown connector "nothing"')]);
  });
});
