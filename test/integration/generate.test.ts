import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { create } from '../../src/cli/create/create.ts';
import { generatedFiles, staleFiles, writeFiles } from '../../src/cli/generate.ts';
import { sampleComponents } from '../support/pipeline/components.ts';

describe('npm run generate', () => {
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'fdp-generate-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const files = () => generatedFiles(root, sampleComponents);

  it('writes the schema and the reference once, and then finds them up to date', () => {
    const pages = ['README', 'connectors', 'expressions', 'metrics', 'operators', 'pipeline'].map(
      (name) => `docs/reference/${name}.md`,
    );
    const copied = ['examples/http-poll.ts', 'examples/webhook.ts'];
    const all = ['pipeline.schema.json', 'pipeline.test.schema.json', ...pages, ...copied];
    expect(writeFiles(files())).toEqual(all.map((name) => join(root, name)));
    expect(JSON.parse(readFileSync(join(root, 'pipeline.schema.json'), 'utf8'))).toHaveProperty('definitions');
    expect(writeFiles(files())).toEqual([]);
    expect(staleFiles(files())).toEqual([]);
  });

  it.each([
    ['source', 'http-poll'],
    ['sink', 'webhook'],
  ])('gives examples the text that `fdp create %s %s` writes', (kind, name) => {
    writeFiles(files());
    create(root, { kind, name, dir: '.', stripsTypes: false });
    const [example, created] = [`examples/${name}.ts`, `${name}.mjs`].map((path) =>
      readFileSync(join(root, path), 'utf8'),
    );
    expect(created).toContain("from 'fdp';");
    expect(example).toBe(created?.replace("'fdp'", "'../src/kit/index.ts'"));
    expect(example?.split('\n').length).toBeLessThan(60);
  });

  it('finds manual changes, including those of the table in the README', () => {
    writeFileSync(join(root, 'README.md'), '<!-- components -->\n<!-- /components -->\n');
    writeFiles(files());
    expect(staleFiles(files())).toEqual([]);
    const readme = join(root, 'README.md');
    writeFileSync(readme, readFileSync(readme, 'utf8').replace('connectors.md#queue', 'connectors.md#thing'));
    writeFileSync(join(root, 'pipeline.schema.json'), '{}\n');
    expect(staleFiles(files())).toEqual([join(root, 'pipeline.schema.json'), readme]);
  });

  it('draws the pipeline into the documents, again whenever the pipeline has changed', () => {
    const pipeline = (sink: string) => `connectors:
  ticks: { type: queue, servers: "localhost:9092", topic: t }
  copy: { type: queue, servers: "localhost:9092", topic: u }
topologies:
  flow: { source: ticks, sink: ${sink} }
`;
    const readme = join(root, 'README.md');
    writeFileSync(join(root, 'pipeline.yml'), pipeline('copy'));
    writeFileSync(readme, 'Before\n<!-- graph: ascii -->\nold\n<!-- /graph -->\nAfter\n');
    writeFiles(files());
    expect(readFileSync(readme, 'utf8')).toBe(
      'Before\n<!-- graph: ascii -->\n```text\nflow\n  [ticks] -> [copy]\n```\n<!-- /graph -->\nAfter\n',
    );
    expect(staleFiles(files())).toEqual([]);
    writeFileSync(join(root, 'pipeline.yml'), pipeline('ticks'));
    expect(staleFiles(files())).toEqual([readme]);
  });
});
