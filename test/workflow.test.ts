import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const text = readFileSync('.github/workflows/ci.yml', 'utf8');

describe('the workflow', () => {
  it('runs actions of a named commit only, and says of which version', () => {
    const used = text.split('\n').filter((line) => line.includes('uses:'));

    expect(used).not.toEqual([]);
    for (const line of used) expect(line).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('may read the code and no more, and gives up on what a newer push replaces', () => {
    const workflow = parse(text);

    expect(workflow.permissions).toEqual({ contents: 'read' });
    expect(workflow.concurrency).toMatchObject({ group: expect.stringContaining('github.ref') });
  });

  it('checks the containers in one job, and runs nothing twice', () => {
    const { steps, strategy } = parse(text).jobs.test;
    const runs = steps.flatMap(({ run }: { readonly run?: string }) => (run === undefined ? [] : [run]));

    expect(runs).toEqual(['bash .ci/run']);
    expect(strategy.matrix.node.map((node: string) => node.split('.')[0])).toEqual(['20', '22', '24']);
  });
});
