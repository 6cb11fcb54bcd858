import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Paths of what `npm publish` would send. */
function packedFiles(): ReadonlySet<string> {
  const json = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' });
  const [{ files }] = JSON.parse(json) as [{ files: readonly { path: string }[] }];
  return new Set(files.map(({ path }) => path));
}

/** Where the relative links of a Markdown file lead, from the root. */
function linksOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8').replace(/```[\s\S]*?```/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s#]+)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target)).map((target) => join(file, '..', target));
}

describe('the package', () => {
  const packed = packedFiles();

  it('has what its documents link to', () => {
    const documents = [...packed].filter((path) => path.endsWith('.md'));
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'docs/guarantees.md']));
    const isThere = (path: string) =>
      [...packed].some((each) => each === path || each.startsWith(path.replace(/\/?$/, '/')));
    const dead = documents.flatMap((file) =>
      linksOf(file)
        .filter((path) => !isThere(path))
        .map((path) => `${file}: ${path}`),
    );
    expect(dead).toEqual([]);
  });

  it('has the calendars and conditions that operators find by name', () => {
    const data = ['calendars', 'conditions'].flatMap((folder) =>
      readdirSync(folder).map((name) => `${folder}/${name}`),
    );
    expect([...packed]).toEqual(expect.arrayContaining([...data, 'calendars/XNYS.yml', 'conditions/us-equities.yml']));
  });

  it('has the program without its source maps', () => {
    expect(packed).toContain('dist/src/cli/main.js');
    const isSource = (path: string) => path.endsWith('.ts') && !path.endsWith('.d.ts');
    expect([...packed].filter((path) => path.endsWith('.map') || isSource(path))).toEqual([]);
  });
});
