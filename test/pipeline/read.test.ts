import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPipelineFile } from '../../src/pipeline/read/files.ts';
import { readSpec } from '../../src/pipeline/read.ts';
import { withTopologies } from '../support/pipeline/broken/texts.ts';
import { brief, folderWith, readText, shippedComponents } from '../support/pipeline/spec.ts';

const fifteen = `name: fifteen
settings: { dead_letter: rejectd, shutdown: 5 }
connectors:
  mock: { type: mock, symbols: [A], rate: fast }
  log: { type: kafka, brokers: "b:1", topic: t, partitons: 6 }
  bogus: { type: bogus, whatever: 1 }
  rejected: { type: kafka, brokers: "b:1" }
  table: { type: mongodb, url: "mongodb://x", database: d, collection: c, fields: { symbol: string, price: decimal } }
topologies:
  one:
    source: mok
    operators:
      - explod: { field: data }
      - require: !has(price)
      - split: { field: data, by: s, max: 1 }
    sink: log
  two:
    source: { connector: log, from: first, group: g }
    autostart: maybe
    operators:
      - explode: { field: data, as: { symbol: s, prize: p } }
    sinks:
      - connector: table
      - connector: bogus
        after: tables
  three:
    source: mock
    routes: { GET /: [{ reply: { as: data } }] }
`;

describe('the spec reader', () => {
  it('reports fifteen mistakes of one pipeline at once, each at its own position', () => {
    const { problems } = readText(fifteen);

    expect(brief(problems)).toEqual([
      '2:26 settings: unknown connector "rejectd"',
      '2:45 settings.shutdown: expected a duration such as 500ms, 5s, 10m, 1h or 7d, got 5',
      '4:43 mock.rate: expected a rate such as 50/s, 600/m, or max, got "fast"',
      '5:49 log: unknown option "partitons"',
      '6:18 bogus: unknown connector type "bogus"',
      '7:3 rejected: lacks "topic"',
      '11:13 one: unknown connector "mok"',
      '13:9 one: unknown operator "explod"',
      '14:18 YAML takes !has(price) for a tag, not for text',
      '15:38 split: unknown option "max"',
      '18:37 two, log as source.from: expected `earliest`, `latest`, or an RFC 3339 time such as 2025-11-20T14:30:00Z, got "first"',
      '19:16 two.autostart: expected true or false, got "maybe"',
      '23:20 two: the messages have no field "price", which "table" stores',
      '25:16 two: after: there is no sink "tables" in this topology',
      '28:5 three: routes need a source of requests',
    ]);
  });

  it('takes a file that was read before, with the problems of its text, and reads it no second time', () => {
    const pipelinePath = join(folderWith({ 'pipeline.yml': `${fifteen}name: again\n` }), 'pipeline.yml');
    const file = readPipelineFile(pipelinePath);
    const request = { pipelinePath, env: {}, profile: undefined, components: shippedComponents };
    const { list } = readSpec(request).problems;
    expect(brief(list).at(-1)).toBe('29:1 "name" stands here twice');
    writeFileSync(pipelinePath, 'name: another\n');
    expect([1, 2].map(() => readSpec({ ...request, file }).problems.list)).toEqual([list, list]);
    expect(readSpec(request).name).toBe('another');
  });

  it('reports a mistake in an anchor once, at the anchor', () => {
    const text = withTopologies(`  t:
    source: mock
    operators:
      - explode: &data { field: data, as: { p: p } }
      - require: &valid 'prize > 0.0'
      - filter: *valid
    sink: log
  u: { source: mock, operators: [{ explode: *data }, { filter: *valid }], sink: letters }`);

    expect(brief(readText(text).problems)).toEqual(['14:25 require: there is no field prize']);
  });

  it('reports a pipeline that does not exist, or is not text', () => {
    expect(brief(readText({}).problems)).toEqual([expect.stringMatching(/pipeline\.yml: there is no such file$/)]);
    const bytes = new Uint8Array([0x6e, 0xff, 0xfe]);
    expect(brief(readText({ 'pipeline.yml': bytes }).problems)[0]).toContain('not UTF-8');
  });

  it('refuses files over 1 MiB, deep nesting and aliases that multiply', () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (let level = 0; level < 9; level++) {
      const before = String.fromCharCode(97 + level);
      const name = String.fromCharCode(98 + level);
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(', ')}]`);
    }
    const cases: Record<string, string> = {
      'larger than 1 MiB': `# ${'x'.repeat(1024 * 1024)}`,
      'levels deep': `connectors: ${'['.repeat(101)}${']'.repeat(101)}`,
      'levels deep ': `connectors: ${'- '.repeat(50_000)}x`,
      'levels deep  ': Array.from({ length: 150 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
      'behind aliases': bomb.join('\n'),
    };
    for (const [part, text] of Object.entries(cases)) {
      const messages = brief(readText(text).problems);
      expect(messages.some((message) => message.includes(part.trim()))).toBe(true);
    }
  });

  it('reads no more than 100 sinks of a topology', () => {
    const sinks = Array.from({ length: 5000 }, (_, at) => `{ connector: log, name: n${at + 1}, after: n${at} }`);

    const { problems } = readText(
      withTopologies(`  t: { source: mock, sinks: [{ connector: log, name: n0 }, ${sinks.join(', ')}] }`),
    );

    expect(brief(problems)).toEqual(['10:29 t.sinks: expected at most 100 items']);
  });

  it('takes no long line for deep nesting', () => {
    const fields = Array.from({ length: 300 }, (_, at) => `f${at}: 'x'`).join(', ');

    const { problems } = readText(
      withTopologies(`  t: { source: mock, operators: [{ map: { ${fields} } }], sink: log }`),
    );

    expect(problems).toEqual([]);
  });

  it('keeps at most 200 problems and counts the rest', () => {
    const connectors = Array.from({ length: 500 }, (_, at) => `  c${at}: { type: nothing }`).join('\n');

    const { problems } = readText(`connectors:\n${connectors}\ntopologies: {}\n`);

    expect(problems).toHaveLength(201);
    expect(problems.at(-1)?.message).toBe('and 300 further problems');
  });

  it('reads a name that JavaScript knows as any other', () => {
    const { problems } = readText(`connectors: { constructor: { type: toString }, __proto__: { type: mock } }\n`);

    expect(brief(problems)).toEqual([
      '1:36 constructor: unknown connector type "toString"',
      '1:48 a key must be plain text',
    ]);
  });
});
