import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { config } from '../../src/cli/config.ts';
import { explain } from '../../src/cli/explain/explain.ts';
import { graph } from '../../src/cli/graph/graph.ts';
import { listKeys } from '../../src/cli/keys/keys.ts';
import { schema } from '../../src/cli/schema.ts';
import { validate } from '../../src/cli/validate.ts';
import { allAt, mistakes, planted, plantedPipeline, secretsFound } from '../support/pipeline/planted-secrets.ts';
import { folderWith } from '../support/pipeline/spec.ts';
import { KeyFolder } from '../support/sockets/keys.ts';

// What a process prints and serves: test/e2e/planted-secrets.test.ts.

const places = {
  cert: 'cert.pem',
  key: 'key.pem',
  ca: 'ca.pem',
  http: 8001,
  feed: 8002,
  exchange: 8003,
  servers: allAt(8004),
};

function requestOf(text: string, key: string) {
  const folder = folderWith({
    'pipeline.yml': text,
    '.env': `FEED_TOKEN=${key}\n`,
    'finnhub.txt': `${planted.finnhub}\n`,
  });
  const env = {
    ...{ EXCHANGE_TOKEN: planted.exchange, SOME_PASSWORD: planted.variable },
    FINNHUB_TOKEN_FILE: join(folder, 'finnhub.txt'),
  };
  return { pipelinePath: join(folder, 'pipeline.yml'), env, components: { connectors, operators }, folder };
}

describe('planted secrets', () => {
  it('are in nothing that a command prints', () => {
    using keys = new KeyFolder();
    const key = keys.add('planted', 'read', 'stream');
    const request = requestOf(plantedPipeline({ ...places, keys: keys.file }), key);
    const printed = {
      validate: validate(request).text,
      'validate --json': validate(request, { json: true }).text,
      config: config(request).text,
      'config --json': config(request, { json: true }).text,
      explain: explain(request, []).text,
      'explain --json': explain(request, [], { json: true }).text,
      'graph --format ascii': graph(request, [], 'ascii').text,
      'graph --format mermaid': graph(request, [], 'mermaid').text,
      schema: schema(request).text,
      'keys list': listKeys(request).text,
      'keys list --json': listKeys(request, { json: true }).text,
    };
    expect(printed.validate).toContain('pipeline.yml is valid');
    expect(printed.config).toContain('******');
    const secrets = { ...planted, key: key.slice(4) };
    const found = Object.entries(printed).map(([command, text]) => [command, secretsFound(text, secrets)]);
    expect(found.filter(([, names]) => names?.length)).toEqual([]);
  });

  it.each(mistakes)('are not in the report of a mistake beside them: %s', (right, wrong) => {
    using keys = new KeyFolder();
    const key = keys.add('planted', 'read', 'stream');
    const text = plantedPipeline({ ...places, keys: keys.file });
    expect(text).toContain(right);
    const request = requestOf(text, key);
    writeFileSync(request.pipelinePath, text.replace(right, wrong));
    for (const json of [false, true]) {
      const { text: report, exitCode } = validate(request, { json });
      expect(exitCode).toBe(2);
      expect([report, secretsFound(report, { ...planted, key: key.slice(4) })]).toEqual([report, []]);
    }
  });
});
