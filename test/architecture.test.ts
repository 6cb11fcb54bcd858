import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forbidden, readRules } from './support/docs/imports.ts';

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
      'tests',
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

describe('docs/decisions', () => {
  it('have a number each', () => {
    const numbers = readdirSync('docs/decisions').map((name) => name.slice(0, 3));
    expect(numbers).toEqual(numbers.map((_, index) => String(index + 1).padStart(3, '0')));
  });
});

describe('the table of docs/architecture.md', () => {
  const rules = readRules(readFileSync('docs/architecture.md', 'utf8'));
  const isAllowed = (from: string, to: string) => forbidden([{ from, to }], rules).length === 0;

  it.each([
    ['src/engine/delivery/attempt.ts', 'src/engine/plan.ts'],
    ['src/engine/plan.ts', 'src/kit/sink.ts'],
    ['src/kit/listen.ts', 'src/errors.ts'],
    ['connectors/kafka/index.ts', 'connectors/shared/log/usage.ts'],
    ['connectors/index.ts', 'connectors/kafka/index.ts'],
    ['src/cli/main.ts', 'operators/index.ts'],
  ])('allows %s to import %s', (from, to) => expect(isAllowed(from, to)).toBe(true));

  it.each([
    ['src/kit/sink.ts', 'src/engine/plan.ts'],
    ['src/engine/plan.ts', 'src/pipeline/spec.ts'],
    ['src/engine/plan.ts', 'connectors/shared/log/usage.ts'],
    ['connectors/kafka/index.ts', 'connectors/mongodb/url.ts'],
    ['connectors/shared/log/usage.ts', 'connectors/kafka/index.ts'],
    ['operators/map.ts', 'src/engine/plan.ts'],
    ['src/unknown/a.ts', 'src/kit/sink.ts'],
  ])('forbids %s to import %s', (from, to) => expect(isAllowed(from, to)).toBe(false));
});

/** All files but those that git leaves out. */
function ownFiles(): readonly string[] {
  const left = ['.git/', ...readFileSync('.gitignore', 'utf8').split('\n')].filter((name) => name.endsWith('/'));
  const entries = readdirSync('.', { withFileTypes: true }).filter(({ name }) => !left.includes(`${name}/`));
  const files = entries.flatMap((entry) => (entry.isDirectory() ? below(entry.name) : [entry.name]));
  return files.filter((file) => statSync(file).isFile() && !left.some((folder) => file.startsWith(folder)));
}

const isCode = (file: string) =>
  /\.(ts|js|css|html|sh|py|yml)$/.test(file) || readFileSync(file, 'latin1').startsWith('#!');

describe('the code', () => {
  it('has no file of more than 250 lines: product, page, tests, benches, examples and scripts', () => {
    const lengths = ownFiles()
      .filter(isCode)
      .map((file) => [file, readFileSync(file, 'utf8').trimEnd().split('\n').length] as const);
    const folders = new Set(lengths.map(([file]) => file.split('/')[0]));
    expect([...folders]).toEqual(
      expect.arrayContaining(['.ci', 'src', 'connectors', 'operators', 'page', 'test', 'bench', 'bin', 'examples']),
    );
    expect(lengths.filter(([, lines]) => lines > 250)).toEqual([]);
  });
});

describe('the sources', () => {
  it('of the engine can be read in an hour: under 2600 lines', () => {
    const texts = below('src/engine').filter((file) => file.endsWith('.ts'));
    const lines = texts.reduce((sum, file) => sum + readFileSync(file, 'utf8').trimEnd().split('\n').length, 0);
    expect(lines).toBeGreaterThan(1000);
    expect(lines).toBeLessThan(2600);
  });
});
