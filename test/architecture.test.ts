import { readdirSync, readFileSync } from 'node:fs';
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

describe('the sources', () => {
  it('have no file of more than 250 lines', () => {
    const files = ['src', 'connectors', 'operators', 'page', 'topologies'].flatMap(below);
    const sources = files.filter((file) => /\.(ts|yml)$/.test(file));
    const lengths = sources.map((file) => [file, readFileSync(file, 'utf8').trimEnd().split('\n').length] as const);
    expect(lengths.length).toBeGreaterThan(200);
    expect(lengths.filter(([, lines]) => lines > 250)).toEqual([]);
  });

  it('of the engine can be read in an hour: 2600 lines', () => {
    const texts = below('src/engine').filter((file) => file.endsWith('.ts'));
    const lines = texts.reduce((sum, file) => sum + readFileSync(file, 'utf8').trimEnd().split('\n').length, 0);
    expect(lines).toBeGreaterThan(1000);
    expect(lines).toBeLessThanOrEqual(2600);
  });
});
