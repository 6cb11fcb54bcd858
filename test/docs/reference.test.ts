import { readFileSync } from 'node:fs';
import { identity } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { variableForms } from '../../src/cli/reference/texts.ts';
import { optionRows } from '../../src/cli/shared/option-rows.ts';
import { defineOperator } from '../../src/kit/declaration.ts';
import { templateDateNames, templateMetaNames } from '../../src/kit/template.ts';
import { unitFormats } from '../../src/kit/units.ts';
import { checkTree } from '../../src/pipeline/check/schema.ts';
import { branchSchema, pipelineStructure, settingsSchema, topologySchema } from '../../src/pipeline/check/structure.ts';
import { Problems } from '../../src/pipeline/problem.ts';
import { interpolation } from '../../src/pipeline/read/interpolate.ts';
import { beginOf, sourceFile } from '../../src/pipeline/read/source.ts';
import { parseYaml } from '../../src/pipeline/read/yaml.ts';
import { type Block, blocksOf } from '../support/docs/blocks.ts';
import { filesOf, validated } from '../support/docs/pipelines.ts';

const folder = 'docs/reference';
const market = 'market: { type: mock, symbols: [AAPL] }';
const out = 'out: { type: stdout }';
/** Of the plugin in the example. */
const spread = defineOperator({
  type: 'spread',
  summary: 'For a test.',
  example: 'spread: { field: data }',
  options: { type: 'object', properties: { field: { type: 'string', description: 'A field.' } } },
  create: () => identity,
});

function byHeading(file: string): readonly (readonly [string, readonly Block[]])[] {
  const blocks = blocksOf(`${folder}/${file}`);
  const headings = [...new Set(blocks.map(({ heading }) => heading))];
  return headings.map((heading) => [heading, blocks.filter((block) => block.heading === heading)]);
}

describe('docs/reference/pipeline.md', () => {
  it.each(byHeading('pipeline.md'))('%s: its example is a valid pipeline', (_heading, blocks) => {
    const { text } = validated(filesOf(blocks), [spread]);
    expect(text).toContain('pipeline.yml is valid');
  });

  it('shows every key of a pipeline in an example', () => {
    const text = blocksOf(`${folder}/pipeline.md`)
      .map((block) => block.text)
      .join('');
    const schemas = [pipelineStructure, settingsSchema, topologySchema, branchSchema];
    const keys = schemas.flatMap((schema) => optionRows(schema).flatMap(({ path }) => path));
    const missing = [...new Set(keys)].filter((key) => key !== '<name>' && !new RegExp(`\\b${key}: `).test(`${text} `));
    expect(missing.filter((key) => !new RegExp(`\\b${key}:\\n`).test(text))).toEqual([]);
  });

  it.each(variableForms)('$example gives $gives', ({ example, env, gives }) => {
    const problems = new Problems();
    const file = sourceFile('pipeline.yml', stringify(example), 0);
    const get = (name: string) => (name in env ? { text: env[name] ?? '' } : undefined);
    const tree = parseYaml(file, problems);
    const filled = tree && interpolation({ get, all: env }, problems)(tree);
    expect(filled?.kind === 'scalar' && filled.missing ? undefined : filled).toEqual(
      gives === undefined ? undefined : expect.objectContaining({ value: gives }),
    );
  });

  it.each(Object.entries(unitFormats))('%s: what it is written as is understood', (_name, { pattern, expected }) => {
    const words = expected.split(/,? |, /).filter((word) => /\d|^max$/.test(word));
    expect(words.length).toBeGreaterThan(1);
    for (const word of words) expect(word).toMatch(pattern);
  });

  it('explains every name of a template', () => {
    const rows = rowsBelow('pipeline.md', 'Templates');
    const names = [...templateMetaNames, ...templateDateNames];
    expect(rows.map(([name]) => name)).toEqual(names.map((name) => `\`{${name}}\``));
    expect(rows.filter(([, meaning]) => meaning === '')).toEqual([]);
  });
});

describe('docs/reference/connectors.md', () => {
  it.each(byHeading('connectors.md'))('%s: its example is valid', (_type, blocks) => {
    for (const { text } of blocks) {
      const { text: printed } = validated({
        'pipeline.yml': `${text}  a_${market}\n  an_${out}\ntopologies:\n  run: { source: a_market, sink: an_out }\n`,
      });
      expect(printed).toContain('pipeline.yml is valid');
    }
  });
});

const tables = `  trades:
    type: memory_table
    fields: { message_key: string, symbol: string, price: double, time: date }
    unique: message_key
  symbols: { type: memory_table, fields: { symbol: string, tradeCount: int64, lastTradeAt: date }, unique: symbol }
  bars: { type: memory_table, fields: { symbol: string, trades: int64, volume: decimal, high: decimal, open: decimal }, unique: symbol }
  candles:
    type: memory_table
    fields: { key: string, symbol: string, interval: string, start: date, open: decimal, high: decimal, low: decimal, close: decimal, volume: decimal, turnover: decimal, counted_volume: decimal, trades: int64, late_trades: int64, first_at: date, last_at: date }
    unique: key
    indexes: [[symbol, interval, -start]]
  gaps:
    type: memory_table
    fields: { key: string, id: string, feed: string, symbol: string, from: date, to: date, reason: string, state: string, filled: int64 }
    unique: key
  http: { type: rest, listen: "127.0.0.1:8000" }
`;
/** The sink of an operator whose example makes changes of rows. */
const mergeSinks: Readonly<Record<string, string>> = {
  aggregate: 'bars',
  candles: 'candles',
  gaps: 'gaps',
  metadata_upsert: 'symbols',
};
/** What must stand before and after an operator of a route for its example to be one. */
const inRoute: Readonly<Record<string, (steps: string) => string>> = {
  bars: (
    steps,
  ) => `        - params: { interval: { type: string }, limit: { type: integer, minimum: 1, maximum: 9, default: 5 } }
${steps}        - reply: { as: data }\n`,
  find: (
    steps,
  ) => `        - params: { limit: { type: integer, minimum: 1, maximum: 9, default: 5 }, before: { type: cursor } }
${steps}        - reply: { as: data, pagination: true }\n`,
  params: (steps) => `${steps}        - reply: { as: data }\n`,
  reply: (
    steps,
  ) => `        - params: { limit: { type: integer, minimum: 1, maximum: 9, default: 5 }, before: { type: cursor } }
        - find: { in: trades, sort: [-time, -_id], page: { limit: "{limit}", before: "{before}" } }\n${steps}`,
};

describe.each(['operators.md', 'expressions.md'])('docs/reference/%s', (file) => {
  it.each(byHeading(file))('%s: its example is valid', (type, blocks) => {
    const steps = (indent: string) =>
      blocks.map(({ text }) => text.replace(/^operators:\n/, '').replace(/^ {2}/gm, indent));
    const route = inRoute[type]?.(steps('        ').join(''));
    const flow = `    operators:\n${steps('      ').join('')}`;
    const sink = mergeSinks[type] ?? 'out';
    const topology = route
      ? `    source: http\n    routes:\n      GET /trades/{symbol}:\n${route}`
      : `    source: market\n${flow}    sink: ${sink}\n`;
    const pipeline = `connectors:\n  ${market}\n  ${out}\n${tables}topologies:\n  run:\n${topology}`;
    expect(validated({ 'pipeline.yml': pipeline }).text).toContain('pipeline.yml is valid');
  });
});

type Node = Readonly<Record<string, unknown>>;
const declared = [
  ...connectors.map((each) => [
    each.type,
    [each.options, each.source?.options, each.sink?.options, each.lookup?.options],
  ]),
  ...operators.map((each) => [each.type, [each.options]]),
  ['the structure of a pipeline', [pipelineStructure]],
] as [string, unknown[]][];

describe('the options in the references', () => {
  it.each(declared)('%s: every example and default is a value that the option takes', (subject, schemas) => {
    const problems = new Problems();
    for (const node of schemas.flatMap(nodesOf))
      for (const value of [...(Array.isArray(node['examples']) ? node['examples'] : []), node['default']]) {
        if (value === undefined) continue;
        const file = sourceFile('example.yml', stringify(value), 0);
        const { default: _default, ...schema } = node;
        checkTree(parseYaml(file, problems), { schema, subject, owner: beginOf(file), problems, folder: '/' });
      }
    expect(problems.list.map(({ message }) => message)).toEqual([]);
  });
});

/** Every schema within a schema that has an example or a default; options may be called so themselves. */
function nodesOf(schema: unknown): readonly Node[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap(nodesOf);
  const { properties, examples, default: _default, ...rest } = schema as Node;
  const own = examples === undefined && _default === undefined ? [] : [schema as Node];
  return [...own, ...Object.values(properties ?? {}).flatMap(nodesOf), ...Object.values(rest).flatMap(nodesOf)];
}

/** The cells of the first table below a heading. */
function rowsBelow(file: string, heading: string): readonly (readonly string[])[] {
  const text = readFileSync(`${folder}/${file}`, 'utf8').split(`## ${heading}\n`)[1] ?? '';
  const [, , ...rows] = text.split('\n').slice(text.split('\n').findIndex((line) => line.startsWith('|')));
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
