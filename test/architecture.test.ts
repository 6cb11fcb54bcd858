import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Every file and folder below one, by its path from here. */
const below = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));

describe('docs/architecture.md', () => {
  it('names files and folders that are there', () => {
    const paths = [
      'src',
      'connectors',
      'operators',
      'page',
      'config',
      'topologies',
      'examples',
      'test',
      'docs',
    ].flatMap((folder) => [folder, ...below(folder)]);
    const isThere = (name: string) => paths.some((path) => `/${path}`.endsWith(`/${name.replace(/\/$/, '')}`));
    const text = readFileSync('docs/architecture.md', 'utf8');
    const named = [...text.matchAll(/`([\w./-]+(?:\.ts|\.md|\/))`/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((name) => !isThere(name))).toEqual([]);
  });
});
