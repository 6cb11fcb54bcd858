import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectors } from '../connectors/index.ts';
import { operators } from '../operators/index.ts';
import { declaredBy } from '../src/pipeline/plugins/declared.ts';

/** The components that a contract is run on in any test, such as `sink tcp`. */
function covered(): ReadonlySet<string> {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  const runs = files.flatMap((name) => [
    ...readFileSync(join('test', name), 'utf8').matchAll(/^\s*(source|sink|operator)Contract\(\s*'(\w+)'/gm),
  ]);
  return new Set(runs.map(([, contract, type]) => `${contract} ${type}`));
}

describe('declarations', () => {
  it('are what those of a plugin have to be, with JSON Schemas that are valid', () => {
    expect(declaredBy({ connectors, operators })).toHaveLength(connectors.length + operators.length);
  });
});

describe('contracts', () => {
  it('are run on every role of every connector, and on every operator', () => {
    const roles = connectors.flatMap(({ type, source, sink }) => [
      ...(source ? [`source ${type}`] : []),
      ...(sink ? [`sink ${type}`] : []),
    ]);
    const shipped = [...roles, ...operators.map(({ type }) => `operator ${type}`)];
    const runs = covered();
    expect(shipped.filter((component) => !runs.has(component))).toEqual([]);
  });

  it('hold of what stands for a connector in tests: each has a twin, of its family', () => {
    expect(connectors.filter(({ twin }) => twin === undefined)).toEqual([]);
    const ofFamily = connectors.filter(({ family }) => family !== undefined);
    expect(ofFamily.map(({ twin }) => twin)).toEqual(ofFamily.map(({ family }) => family));
  });
});
