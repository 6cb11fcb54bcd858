import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { engineFigures } from '../../src/engine/figures.ts';
import type { Figure, Figures } from '../../src/kit/figures.ts';

/** What a source file counts: `node.count('gaps')`, `node?.count('gaps')`, `node.gauge('clients', 3)`. */
function countedIn(file: string): readonly { readonly name: string; readonly type: Figure['type'] }[] {
  const calls = readFileSync(file, 'utf8').matchAll(/\bnode\s*\??\.(count|countBy|gauge)\(\s*(?:'(\w+)')?/g);
  return [...calls].map(([call, method, name]) => {
    if (name === undefined) throw new Error(`${file}: "${call}" does not count by a name, so nobody can know which`);
    return { name, type: method === 'gauge' ? ('gauge' as const) : ('counter' as const) };
  });
}

/** Helpers of the kit that count, in files with others that do not: only who imports these counts with them. */
const countingHelpers: Readonly<Record<string, readonly string[]>> = { 'src/kit/operator.ts': ['scan'] };

/** A file and all that it imports, types left out: what runs when the component does. */
function reachable(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file) || !existsSync(file)) return seen;
  seen.add(file);
  const code = readFileSync(file, 'utf8').replace(/^import type [^;]*;/gm, '');
  for (const [, names = '', path = ''] of code.matchAll(/(?:import ([^;]*?) from|from|import\()\s*'(\.[^']*\.ts)'/g)) {
    const target = resolve(dirname(file), path);
    const helpers = countingHelpers[relative('.', target)];
    if (!helpers || helpers.some((helper) => new RegExp(`\\b${helper}\\b`).test(names))) reachable(target, seen);
  }
  return seen;
}

function fileOf(type: string): string {
  const name = type.replaceAll('_', '-');
  const files = [
    `connectors/${name}/index.ts`,
    `operators/${name}.ts`,
    `operators/${name}/index.ts`,
    `src/simulate/${name}.ts`,
  ];
  const found = files.find((file) => existsSync(file));
  if (!found) throw new Error(`no file of ${type}`);
  return resolve(found);
}

const components = [...connectors, ...operators].map((each) => [each.type, each.figures ?? {}] as const);
const asRows = (figures: Figures) => Object.entries(figures).map(([name, { type }]) => `${type} ${name}`);

describe('figures', () => {
  it.each(components)('%s counts what it declares, and nothing else', (type, figures) => {
    const counted = [...reachable(fileOf(type))].flatMap(countedIn).map(({ name, type }) => `${type} ${name}`);
    expect([...new Set(counted)].sort()).toEqual(asRows(figures).sort());
  });

  it('of the engine are declared as well', () => {
    const files = [...reachable(resolve('src/engine/runtime.ts'))].filter((file) =>
      file.startsWith(resolve('src/engine')),
    );
    const counted = files.flatMap(countedIn).map(({ name, type }) => `${type} ${name}`);
    expect([...new Set(counted)].sort()).toEqual(asRows(engineFigures).sort());
  });

  it('of one metric are the same in every component', () => {
    const all = [...components.map(([, figures]) => figures), engineFigures].flatMap((figures) =>
      Object.values(figures),
    );
    for (const figure of all) expect(all.find(({ metric }) => metric === figure.metric)).toEqual(figure);
  });
});
