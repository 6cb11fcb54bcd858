import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { calledAs, programName, programNames } from '../../../src/cli/shared/program.ts';

describe('the name of the program', () => {
  it.each([
    ['/usr/local/bin/fdp', 'fdp'],
    ['/home/me/node_modules/.bin/fdp-run', 'fdp-run'],
    ['/home/me/node_modules/fdp/bin/fdp-run.js', 'fdp'],
    ['', 'fdp'],
  ])('called as %j it is %s', (script, name) => {
    expect(programName(script)).toBe(name);
    expect(calledAs({}, script)).toBe(name);
    expect(calledAs({ npm_command: 'exec' }, script)).toBe(`npx ${name}`);
    expect(calledAs({ npm_command: 'run-script' }, script)).toBe(name);
  });

  it('is one of those that the package installs, for the same file', () => {
    const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Readonly<Record<string, string>> };
    expect(Object.keys(bin)).toEqual(programNames);
    expect(new Set(Object.values(bin)).size).toBe(1);
  });

  it('is fdp in all texts and documents', () => {
    const folders = [
      'src',
      'connectors',
      'operators',
      'page',
      'examples',
      'docs',
      'config',
      'topologies',
      'tests',
      'deploy',
    ];
    const files = folders
      .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)))
      .filter((path) => /\.(ts|html|css|md|yml|json|service)$/.test(path) && statSync(path).isFile())
      .concat('README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'pipeline.yml', 'pipeline.schema.json');
    expect(files.length).toBeGreaterThan(500);
    // The file of the program is called so.
    const named = files.filter((path) => /fdp-run(?!\.js)/.test(readFileSync(path, 'utf8')));
    expect(named.sort()).toEqual(['docs/command-line.md', 'src/cli/completion.ts', 'src/cli/shared/program.ts']);
  });
});
