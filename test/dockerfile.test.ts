import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { copiedFiles, execForm, imageEnvironment, instructionsOf, lastStage } from './support/containers/dockerfile.ts';

const textOf = (name: string): string => readFileSync(name, 'utf8');
const dockerfile = textOf('Dockerfile');

describe('Dockerfile', () => {
  it('is for every builder, and says what the image is', () => {
    const labels = lastStage(dockerfile).find(({ name }) => name === 'LABEL')?.rest;
    const { version, license, description } = JSON.parse(textOf('package.json')) as Record<string, string>;

    expect(dockerfile).not.toMatch(/BUILDPLATFORM|--mount|<</); // BuildKit's own
    for (const [label, value] of Object.entries({ title: 'fdp', version, licenses: license }))
      expect(labels).toContain(`org.opencontainers.image.${label}=${value}`);
    expect(labels).toContain(`org.opencontainers.image.description="${description}"`);
  });

  it('names no port, and none of its own for metrics: a container has those of the topologies that it runs', () => {
    expect(lastStage(dockerfile).filter(({ name }) => name === 'EXPOSE')).toEqual([]);
    expect(imageEnvironment(dockerfile)).not.toHaveProperty('OBSERVE_PORT'); // a dashboard beside it takes the next one
  });

  it('gives the process the signal, and no rights', () => {
    expect(execForm(dockerfile, 'ENTRYPOINT')).toEqual(['node', 'bin/fdp-run.js']);
    expect(lastStage(dockerfile).filter(({ name }) => name === 'USER')).toEqual([{ name: 'USER', rest: 'node' }]);
  });

  it('runs no script of a package, and leaves the tools of development out', () => {
    const installs = instructionsOf(dockerfile).filter(({ rest }) => rest.startsWith('npm ci'));

    expect(installs).toHaveLength(2);
    for (const { rest } of installs) expect(rest).toContain('--ignore-scripts');
    expect(installs.at(-1)?.rest).toContain('--omit=dev');
  });

  it('is sent nothing but what it needs: whatever is copied exists, and secrets do not leave', () => {
    const lines = textOf('.dockerignore').split('\n');
    const sent = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));

    expect(lines.find((line) => line !== '' && !line.startsWith('#'))).toBe('*');
    expect(sent.filter((path) => !existsSync(path))).toEqual([]);
    expect(copiedFiles(dockerfile).filter((path) => !sent.includes(path))).toEqual([]);
    const [, inputs = ''] = /const inputs = \[([^\]]*)\]/.exec(textOf('bin/build.js')) ?? [];
    const built = [...inputs.matchAll(/'([^']+)'/g)].map(([, path = '']) => path);
    expect(built.length).toBeGreaterThan(4);
    expect(built.filter((path) => !sent.includes(path))).toEqual([]);
    expect(sent.filter((path) => /^(\.|data|secrets|node_modules|test$)/.test(path))).toEqual([]);
    expect(lines.slice(lines.findLastIndex((line) => line.startsWith('!')))).toContain('**/.env*');
  });

  it('has a folder for secrets beside it that belongs to whoever has the checkout, and keeps them out of git', () => {
    expect(textOf('secrets/.gitignore').split('\n')).toEqual(expect.arrayContaining(['*', '!.gitignore']));
  });
});
