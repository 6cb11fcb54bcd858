import { describe, expect, it } from 'vitest';
import type { Problem } from '../../src/pipeline/problem.ts';
import { brokenConnectors } from '../support/pipeline/broken/connectors.ts';
import { brokenRoutes } from '../support/pipeline/broken/routes.ts';
import { marker } from '../support/pipeline/broken/texts.ts';
import { brokenTopologies } from '../support/pipeline/broken/topologies.ts';
import { readText } from '../support/pipeline/spec.ts';

/** The text without its markers, and where they stood: `line:column`. */
function unmarked(text: string): { readonly text: string; readonly positions: readonly string[] } {
  const positions: string[] = [];
  const lines = text.split('\n').map((line, at) => {
    let rest = line;
    for (let found = rest.indexOf(marker); found !== -1; found = rest.indexOf(marker)) {
      positions.push(`${at + 1}:${found + 1}`);
      rest = rest.replace(marker, '');
    }
    return rest;
  });
  return { text: lines.join('\n'), positions };
}

describe('a broken spec', () => {
  it.each([...brokenConnectors, ...brokenTopologies, ...brokenRoutes])('%s', (_title, marked, ...parts) => {
    const { text, positions } = unmarked(marked);

    const { problems, resolution } = readText(text);

    expect(resolution.plan).toBeUndefined();
    expect(problems.map(({ at }) => `${at?.line}:${at?.column}`)).toEqual(positions);
    for (const [at, part] of parts.entries()) expect(textOf(problems[at])).toContain(part);
  });
});

function textOf(problem: Problem | undefined): string {
  return `${problem?.message} | ${problem?.hint}`;
}
