import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtIn } from '../../connectors/shared/sqlite-file/binding.ts';
import { templateNames } from '../../src/cli/init/init.ts';
import { type Project, projectIn } from '../support/cli/packed.ts';
import { eventually, freePort, temporaryFolder } from '../support/cli/platform.ts';
import { onTerminal, Terminal } from '../support/cli/tmux.ts';
import { get, workspaceIn } from '../support/cli/workspace.ts';
import { blockNamed } from '../support/docs/blocks.ts';
import { commandsOf, fdpArguments } from '../support/docs/commands.ts';

// The first minute with the packed package, in an empty folder: by its short name, with both templates, and without the
// packages that an installation may leave out.

const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly optionalDependencies: Readonly<Record<string, string>>;
};
/** As `npm install --omit=optional` does it; Node.js without an SQLite of its own needs the package. */
const left = Object.keys(optionalDependencies).filter((name) => builtIn() !== undefined || !name.includes('sqlite'));

/** What a pipeline prints until it fits, and its exit code after Ctrl-C. */
async function printed(
  { folder, program }: Project,
  env: Readonly<Record<string, string>>,
  fits: () => Promise<boolean>,
) {
  const given = { PATH: process.env['PATH'], OBSERVE_PORT: '0', ...env };
  const child = spawn(process.execPath, [program()], { cwd: folder, env: given, stdio: ['ignore', 'pipe', 'ignore'] });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  const ended = once(child, 'close');
  try {
    await eventually('what it shows', async () => (await fits()) || stdout.includes('"vwap"'));
    child.kill('SIGINT');
    const [code] = await ended;
    return { code, stdout };
  } finally {
    child.kill('SIGKILL');
  }
}

describe.each([
  ['all packages', []],
  ['no optional package', left],
] as const)('the packed package, with %s', (_what, without) => {
  it.each(templateNames)('fdp init --template %s: a pipeline that is valid, tested and runs', async (template) => {
    using folder = temporaryFolder();
    const project = projectIn(folder.path, { without });
    const { status, stdout } = project.run(['init', '--template', template]);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^wrote pipeline\.yml, [^\n]*\nfdp validate /)]);
    expect(project.run(['validate'])).toEqual({ status: 0, stdout: expect.stringMatching(/is valid/), stderr: '' });
    expect(project.run(['test'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+ tests: \d+ passed \(/m),
    });
    const { env, api } = await workspaceIn(join(folder.path, 'data'));
    const hasPrices = async () =>
      JSON.stringify((await get(`${api}/api/v1/trades/AAPL`))?.body ?? '').includes('price"');
    const run = await printed(project, env, hasPrices);
    expect(run.code).toBe(0);
    expect(existsSync(join(folder.path, 'data', 'store.db'))).toBe(true);
    if (template === 'minimal') expect(JSON.parse(run.stdout.split('\n')[0] ?? '')).toHaveProperty('vwap');
  });
});

describe('without the packages that an installation may leave out', () => {
  it('ends with what to install, at the start of what needs them, and not before', () => {
    using folder = temporaryFolder();
    const project = projectIn(folder.path, { without: Object.keys(optionalDependencies) });
    project.run(['init']);
    const cluster = { FDP_PROFILE: 'cluster', FDP_DATA: join(folder.path, 'data'), OBSERVE_PORT: '0' };
    expect(project.run(['validate'], cluster).status).toBe(0);
    expect(project.run(['--topology', 'analytics'], cluster)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(
        'ticks: the packages kafkajs, lz4js, snappyjs, fzstd are not installed: npm install kafkajs@2.2.4 lz4js@',
      ),
    });
    expect(project.run(['export', 'trades'], cluster)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/trades: the package mongodb is not installed: npm install mongodb@\d/),
    });
  });
});

it('fdp init works as docs/command-line.md says, and the second time says what is there', () => {
  using folder = temporaryFolder();
  const project = projectIn(folder.path);
  const commands = commandsOf(blockNamed('docs/command-line.md', 'init')).map((each) => fdpArguments(each) ?? []);
  expect(commands.map((args) => project.run(args).status)).toEqual([0, 0]);
  expect(readdirSync(join(folder.path, 'first'))).toEqual(['pipeline.test.yml', 'pipeline.yml']);
  for (const args of commands)
    expect(project.run(args)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^fdp: init: .*nothing was written\n$/),
    });
});

describe('the names of the program', () => {
  it.each(['fdp', 'fdp-run'] as const)('%s: help, errors and completion have it', async (name) => {
    using folder = temporaryFolder();
    const project = projectIn(folder.path);
    const run = async (...args: string[]) => {
      const child = spawn(process.execPath, [project.program(name), ...args], { cwd: folder.path, stdio: 'pipe' });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => {
          output += chunk;
        });
      const [code] = await once(child, 'close');
      return [code, output];
    };
    expect(await run('--help')).toEqual([0, expect.stringMatching(new RegExp(`^Usage: ${name} \\[`))]);
    expect(await run('completion', 'bash')).toEqual([0, expect.stringMatching(/^complete .* fdp fdp-run$/m)]);
    expect(await run('validat')).toEqual([2, expect.stringMatching(new RegExp(`^${name}: unknown command "validat"`))]);
    // Not on a terminal: one line.
    expect(await run()).toEqual([
      2,
      expect.stringMatching(
        new RegExp(`^${name}: no pipeline\\.yml in this folder: .*${name} init" .* --pipeline FILE .*\n$`),
      ),
    ]);
  });
});

onTerminal('an empty folder in a terminal', () => {
  it('fdp without a pipeline: both ways, in a few lines, and exit code 2', async () => {
    using folder = temporaryFolder();
    const { program } = projectIn(folder.path);
    const command = ['sh', '-c', `cd ${folder.path} && exec ${process.execPath} ${program()}`];
    using terminal = new Terminal([], { folder: folder.path, env: {}, program: command });
    const text = await terminal.shows('ended with 2');
    expect(text).toMatch(
      /no pipeline\.yml in this folder\n +fdp init {2}.*\n +fdp init --template minimal {2}.*\n +fdp --pipeline FILE {2}/,
    );
  });

  it('a dashboard without its packages: what to install', async () => {
    using folder = temporaryFolder();
    const { program, run } = projectIn(folder.path, { without: ['blessed', 'blessed-contrib'] });
    run(['init']);
    const start = `exec ${process.execPath} ${program()} --topology dashboard`;
    const env = { FDP_DATA: join(folder.path, 'data'), OBSERVE_PORT: '0', VWAP_FEED: `127.0.0.1:${await freePort()}` };
    const command = ['sh', '-c', `cd ${folder.path} && ${start}`];
    using terminal = new Terminal([], { folder: folder.path, env, program: command, width: 160 });
    await terminal.shows('ended with 2');
    expect(terminal.text).toMatch(
      /blessed, blessed-contrib are not installed: npm install blessed@0\.1\.81 blessed-contrib@/,
    );
  });
});
