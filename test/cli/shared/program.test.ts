import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { calledAs, programName, programNames } from '../../../src/cli/shared/program.ts';

describe('the name of the program', () => {
  it.each([
    ['/usr/local/bin/fdp', 'fdp'],
    ['/home/me/node_modules/.bin/fdp-run', 'fdp-run'],
    ['/home/me/node_modules/fdp/bin/fdp-run.js', 'fdp-run'],
    ['', 'fdp-run'],
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
});
