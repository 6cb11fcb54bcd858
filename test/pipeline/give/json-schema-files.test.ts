import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { exampleEntry } from '../../../src/cli/list/pages.ts';
import { pipelineSchema } from '../../../src/pipeline/give/json-schema.ts';
import { undescribed } from '../../support/pipeline/schema.ts';

const schema = pipelineSchema({ connectors, operators });
const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

function complaints(document: unknown): string[] {
  validate(document);
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath} ${error.message} ${JSON.stringify(error.params)}`,
  );
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yml'))
    .map((name) => `${folder}/${name}`);
}

describe('pipeline.schema.json with every component', () => {
  it('describes every property', () => {
    expect(undescribed(schema)).toEqual([]);
  });

  it.each(['pipeline.yml', ...yamlFiles('topologies'), ...yamlFiles('config')])('accepts %s', (file) => {
    expect(complaints(parse(readFileSync(file, 'utf8')))).toEqual([]);
  });

  it.each(connectors.map((connector) => [connector.type, exampleEntry(connector)]))(
    'accepts the example of %s',
    (_, text) => {
      expect(complaints({ name: 'example', connectors: parse(text) })).toEqual([]);
    },
  );

  it.each(operators.map((operator) => [operator.type, exampleEntry(operator)]))(
    'accepts the example of %s',
    (_, text) => {
      const topologies = { flow: { source: 'a', routes: { 'GET /': [parse(text)] } } };
      expect(complaints({ name: 'example', topologies })).toEqual([]);
    },
  );
});
