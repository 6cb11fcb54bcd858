import { describe, expect, it } from 'vitest';
import {
  connectorsReference,
  operatorsReference,
  referenceIndex,
  withComponentList,
} from '../../../src/cli/reference/reference.ts';
import { sampleComponents } from '../../support/pipeline/components.ts';

describe('reference of the connectors', () => {
  const text = connectorsReference(sampleComponents.connectors);

  it('has a section for each, with summary, roles and example', () => {
    expect(text).toContain('\n## queue\n\nA log on a server.\n\nRoles: source, sink.\n');
    expect(text).toContain('```yaml\nconnectors:\n  http: { type: door, listen: "127.0.0.1:8000" }\n```');
  });

  it('has a row for each option, nested ones by their path', () => {
    expect(text).toContain('| `servers` | address | required | Where the server listens. |');
    expect(text).toContain('| `compression` | none \\| gzip | `none` | How batches are packed. |');
    expect(text).toContain('| `tls.verify` | boolean | `true` | Check the certificate of the server. |');
    expect(text).toContain('| `listen` | address | required | Where it listens. Example: `127.0.0.1:8000` |');
  });

  it('shows what a role takes, and what is special about it', () => {
    expect(text).toContain('### As a source\n\nBeside `connector`, where a topology names it:\n\n| option');
    expect(text).toContain('### As a sink\n\nTakes the merge operations of counters too. One topology of a process');
    expect(text).not.toContain('### As a lookup');
  });
});

describe('reference of the operators', () => {
  const text = operatorsReference(sampleComponents.operators);

  it('has a section for each, with its place, its example and its options', () => {
    expect(text).toContain('\n## reply\n\nAnswers the request.\n\nOnly in routes.\n');
    expect(text).toContain('```yaml\noperators:\n  - rolling: { window: 50, by: symbol }\n```');
    expect(text).toContain('| `window` | integer >= 1 | required | Messages that the mean takes in. Example: `50` |');
  });

  it('shows options that are one value, or names of the choice of the user', () => {
    expect(text).toContain('| (value) | expression | required | CEL that must be true. |');
    expect(text).toContain('| `<name>` | expression |  | CEL of the field. |');
  });
});

describe('index of the reference', () => {
  it('has a line for each component', () => {
    const text = referenceIndex(sampleComponents);
    expect(text).toContain('| [`queue`](connectors.md#queue) | connector: source, sink | A log on a server. |');
    expect(text).toContain('| [`reply`](operators.md#reply) | operator | Answers the request. |');
  });
});

describe('component list of the README', () => {
  const readme = 'before\n<!-- components -->\nstale\n<!-- /components -->\nafter\n';

  it('is written between its markers, and nothing else changes', () => {
    const made = withComponentList(readme, sampleComponents);
    expect(made).toMatch(/^before\n<!-- components -->\n\| kind \|(.|\n)*\|\n<!-- \/components -->\nafter\n$/);
    expect(made).toContain('[`queue`](docs/reference/connectors.md#queue)');
    expect(made).not.toContain('stale');
    expect(withComponentList(made, sampleComponents)).toBe(made);
  });

  it('is left out where there are no markers', () => {
    expect(withComponentList('text\n', sampleComponents)).toBe('text\n');
  });
});
