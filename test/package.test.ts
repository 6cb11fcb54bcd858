import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** What `npm publish` would send: the paths of its files, and its size in bytes. */
function pack(): { readonly packed: ReadonlySet<string>; readonly size: number } {
  const json = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { encoding: 'utf8' });
  const [{ files, size }] = JSON.parse(json) as [{ files: readonly { path: string }[]; size: number }];
  return { packed: new Set(files.map(({ path }) => path)), size };
}

/** Where the relative links of a Markdown file lead, from the root. */
function linksOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8').replace(/```[\s\S]*?```/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s#]+)/g)].map(([, target = '']) => target);
  return targets.filter((target) => !/^[a-z]+:/.test(target)).map((target) => join(file, '..', target));
}

describe('the package', () => {
  const { packed, size } = pack();

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

  it('is smaller than 5 MB', () => expect(size).toBeLessThan(5_000_000));

  it('has the program without its source maps', () => {
    expect(packed).toContain('dist/main.js');
    const isSource = (path: string) => path.endsWith('.ts') && !path.endsWith('.d.ts');
    expect([...packed].filter((path) => path.endsWith('.map') || isSource(path))).toEqual([]);
  });
});
