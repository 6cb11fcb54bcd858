import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import { programNames } from '../../../src/cli/shared/program.ts';

/** A folder in which the packed package is installed, with its dependencies. */
export interface Project {
  readonly folder: string;
  /** The program as npm links it, by a name. */
  program(name?: (typeof programNames)[number]): string;
  /** Runs the program there, to its end. */
  run(args: readonly string[], env?: Readonly<Record<string, string>>): Ended;
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

let packed: string | undefined;

// Not when the process exits: vitest ends its own with a signal.
afterAll(() => {
  if (packed !== undefined) rmSync(dirname(packed), { recursive: true });
});

/** The packed package: made once for a file of tests, and removed after it. */
function packedFile(): string {
  if (packed !== undefined) return packed;
  const folder = mkdtempSync(join(tmpdir(), 'fdp-packed-'));
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  packed = join(folder, execFileSync('npm', args, { encoding: 'utf8' }).trim());
  return packed;
}

/** Unpacks the packed package into the folder as npm does; `without` names packages that are not installed there. */
export function projectIn(folder: string, { without = [] }: { readonly without?: readonly string[] } = {}): Project {
  const modules = join(folder, 'node_modules');
  for (const name of ['fdp', '.bin']) mkdirSync(join(modules, name), { recursive: true });
  execFileSync('tar', ['xzf', packedFile(), '-C', join(modules, 'fdp'), '--strip-components=1']);
  for (const name of installed().filter((each) => !without.includes(each))) {
    if (name.startsWith('@')) mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(resolve('node_modules', name), join(modules, name));
  }
  for (const name of programNames) symlinkSync('../fdp/bin/fdp-run.js', join(modules, '.bin', name));
  writeFileSync(join(folder, 'package.json'), '{ "name": "project", "type": "module" }');
  const program: Project['program'] = (name = 'fdp') => join(modules, '.bin', name);
  return {
    folder,
    program,
    run(args, env = {}) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [program(), ...args], {
        ...{ cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], NO_COLOR: '1', ...env } },
      });
      return { status, stdout, stderr };
    },
  };
}

/** The packages in node_modules of the checkout. */
function installed(): readonly string[] {
  return readdirSync('node_modules').flatMap((name) => {
    if (name.startsWith('.')) return [];
    return name.startsWith('@') ? readdirSync(join('node_modules', name)).map((each) => `${name}/${each}`) : [name];
  });
}
