import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

/** A bug, made by replacing a text that occurs exactly once in a file, and the test that must find it. */
export interface Mutant {
  readonly mistake: string;
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
  readonly caughtBy: NamedTest;
}

export interface NamedTest {
  readonly file: string;
  /** The names of its `describe` blocks and of the test, joined by spaces. */
  readonly name: string;
  /** The vitest project of the test; default `unit`. */
  readonly project?: 'unit' | 'cluster';
}

export interface Verdict {
  readonly status: string;
  readonly failures: string;
}

const copied = [
  ...['src', 'connectors', 'operators', 'test', 'config', 'topologies', 'calendars', 'conditions'],
  ...['pipeline.yml', 'package.json', 'tsconfig.json', 'vitest.config.ts'],
];

/** Of a vitest beside this one: it must not take itself for a worker of this one, nor build. */
const environment = { PATH: process.env['PATH'], FDP_TEST_BUILD: 'none' };

/** Copies the sources and tests to a folder, so that the checkout is not changed. */
export function copySources(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of copied) cpSync(name, join(folder, name), { recursive: true });
  for (const name of ['node_modules', '.cache']) symlinkSync(join(process.cwd(), name), join(folder, name));
}

/** The file with the bug. Fails unless the text occurs exactly once: the list must follow the code. */
export function mutated({ file, text, replacement }: Mutant, folder = '.'): string {
  const parts = readFileSync(join(folder, file), 'utf8').split(text);
  if (parts.length !== 2) throw new Error(`${file}: expected once, found ${parts.length - 1} times: ${text}`);
  return parts.join(replacement);
}

/** Applies the bug to a copy of the sources. */
export function apply(mutant: Mutant, folder: string): void {
  writeFileSync(join(folder, mutant.file), mutated(mutant, folder));
}

/** Runs one test in a copy, and returns its result. It must not start processes. Fails when there is no such test. */
export async function verdict(
  { file, name, project = 'unit' }: NamedTest,
  folder: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Verdict> {
  const pattern = `^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
  const args = ['run', '--project', project, file, '--testNamePattern', pattern, '--testTimeout', '60000'];
  const report = join(folder, 'report.json');
  const child = spawn(
    process.execPath,
    [join(folder, 'node_modules/vitest/vitest.mjs'), ...args, '--reporter=json', `--outputFile=${report}`],
    {
      cwd: folder,
      env: { ...environment, ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  await once(child, 'close');
  const found = readResults(report, output).find(({ fullName }) => fullName === name);
  if (!found) throw new Error(`${file} has no test "${name}"\n${output}`);
  return { status: found.status, failures: found.failureMessages.join('\n') };
}

/** The names of all tests of these files, as `NamedTest` has them, by file. Runs none of them. */
export async function testNames(files: ReadonlySet<string>, folder: string): Promise<ReadonlyMap<string, Set<string>>> {
  const report = join(folder, 'tests.json');
  const args = ['list', '--project', 'unit', `--json=${report}`, ...files];
  await promisify(execFile)(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], { env: environment });
  const names = new Map([...files].map((file) => [file, new Set<string>()]));
  for (const { file, name } of JSON.parse(readFileSync(report, 'utf8')))
    names.get(relative('.', file))?.add(name.replaceAll(' > ', ' '));
  return names;
}

interface Result {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

function readResults(report: string, output: string): readonly Result[] {
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
    return testResults.flatMap(
      ({ assertionResults }: { readonly assertionResults: readonly Result[] }) => assertionResults,
    );
  } catch (error) {
    throw new Error(`the tests left no report\n${output}`, { cause: error });
  }
}
