import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { workspaceIn } from '../support/cli/workspace.ts';

// Every command that prints JSON, where there is something to print, where the pipeline is wrong, and where there is none.

async function ended(args: readonly string[], folder: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [resolve('bin/fdp-run.js'), ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

/** The commands, and fields of what they print for the shipped pipeline before it has run; undefined: it has nothing for them. */
const commands: readonly (readonly [command: string, fields: readonly string[] | undefined])[] = [
  ['validate', ['valid', 'file', 'profile', 'starts', 'others', 'warnings']],
  ['config', ['name', 'profile', 'connectors', 'topologies']],
  ['explain', ['topologies']],
  ['status', ['processes']],
  ['reconcile', ['tables', 'left', 'left_out']],
  ['dead-letters list', ['letters']],
  ['dead-letters show ticks-0-0', undefined],
  ['dead-letters replay', ['replayed']],
  ['dead-letters drop ticks-0-0', undefined],
  ['gaps', ['gaps']],
  ['gaps show finnhub-1', undefined],
  ['gaps close finnhub-1', undefined],
  ['keys list', undefined],
  ['keys add charts', undefined],
  ['keys remove charts', undefined],
  ['record --from ticks -o tape', undefined],
  ['test', undefined],
  ['diff pipeline.yml --last 1h', undefined],
  ['simulate', undefined],
];

describe('--json', () => {
  it.each(commands.filter(([, fields]) => fields))(
    '%s prints one JSON value, and nothing else',
    async (command, fields) => {
      using folder = temporaryFolder();
      const { env } = await workspaceIn(folder.path);
      const { code, stdout, stderr } = await ended([...command.split(' '), '--json'], '.', env);
      expect([code, stderr]).toEqual([0, '']);
      expect(Object.keys(JSON.parse(stdout))).toEqual(expect.arrayContaining([...(fields ?? [])]));
    },
  );

  it.each(commands)('%s prints what is wrong with the pipeline as JSON, with exit code 2', async (command) => {
    using folder = temporaryFolder();
    const source = 'source: { connector: ticks, group: processor';
    const path = dirname(pipelineCopy(folder.path, [source, source.replace('source', 'sorce')]));
    writeFileSync(join(path, 'my.test.yml'), 'name: none\ntopology: processor\n');
    const { code, stdout, stderr } = await ended([...command.split(' '), '--json'], path);
    expect([code, stderr]).toEqual([2, '']);
    expect(JSON.parse(stdout)).toEqual({
      valid: false,
      problems: expect.arrayContaining([
        expect.objectContaining({ message: expect.stringContaining('"sorce"'), line: expect.any(Number) }),
      ]),
    });
  });

  it.each(commands)('%s is refused in one line where there is no pipeline', async (command) => {
    using folder = temporaryFolder();
    expect(await ended([...command.split(' '), '--json'], folder.path)).toEqual({
      ...{ code: 2, stdout: '' },
      stderr: 'fdp: no pipeline.yml in this folder: "fdp init" writes one, --pipeline FILE names another\n',
    });
  });
});
