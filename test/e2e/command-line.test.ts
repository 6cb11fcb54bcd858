import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sized } from '../support/cli/faults.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { logOf } from '../support/cli/stored.ts';
import { get, workspaceIn } from '../support/cli/workspace.ts';
import { blockNamed } from '../support/docs/blocks.ts';
import { dial } from '../support/sockets/sockets.ts';

type Environment = Readonly<Record<string, string>>;

interface RunOptions {
  readonly folder?: string;
  readonly env?: Environment;
  readonly input?: string;
  /** Where the output goes: a full disk, or a pipe whose reader has gone. */
  readonly output?: 'gone' | '/dev/full';
}

/** Runs a command that ends by itself, in any folder. */
async function ends(args: readonly string[], { folder = '.', env = {}, input, output }: RunOptions = {}) {
  const child = spawn(process.execPath, [resolve('bin/fdp-run.js'), ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', output === '/dev/full' ? openSync(output, 'w') : 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  if (output === 'gone') child.stdout?.destroy();
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

/** Every command that prints, in a folder with something to print; the fast part has one of each way to print. */
const printing = sized<readonly (readonly string[])[]>({
  full: [
    ['config'],
    ['config', '--json'],
    ['validate'],
    ['validate', '--json'],
    ['list'],
    ['list', 'kafka', '--json'],
    ['status'],
    ['status', '--json'],
    ['dead-letters', 'list'],
    ['export', 'trades'],
    ['reconcile'],
    ['dead-letters', 'replay'],
    ['counters', 'forget', '--topology', 'processor'],
    ['completion', 'bash'],
    ['--help'],
    ['help', 'status'],
    ['--version'],
  ],
  fast: [['validate', '--json'], ['list'], ['export', 'trades'], ['reconcile'], ['dead-letters', 'replay'], ['--help']],
});

describe('what a command prints', () => {
  it.each(printing.map((args) => [args.join(' '), args] as const))(
    '%s: a reader that goes away is not an error',
    async (_name, args) => {
      using folder = temporaryFolder();
      const { env } = await workspaceIn(folder.path);
      expect(await ends(args, { env, output: 'gone' })).toMatchObject({ code: 0, stderr: '' });
    },
  );

  it.runIf(existsSync('/dev/full')).each(printing.map((args) => [args.join(' '), args] as const))(
    '%s: a full disk gives one line, and exit code 1',
    async (_name, args) => {
      using folder = temporaryFolder();
      const { env } = await workspaceIn(folder.path);
      const { code, stderr } = await ends(args, { env, output: '/dev/full' });
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^fdp: the output cannot be written: ENOSPC[^\n]*\n$/)]);
    },
  );

  it('is JSON on request, including the problems of a pipeline', async () => {
    const parsed = async (...args: string[]) => JSON.parse((await ends(args)).stdout);
    expect(await parsed('validate', '--json')).toMatchObject({
      valid: true,
      profile: 'embedded',
      others: expect.arrayContaining(['simulator']),
    });
    expect(await parsed('config', '--json')).toMatchObject({
      profile: 'embedded',
      topologies: { processor: { autostart: true } },
    });
    expect(Object.keys(await parsed('list', '--json'))).toEqual(['connectors', 'operators', 'topologies']);
    expect(await parsed('list', 'vwap', '--json')).toMatchObject({
      operators: [{ type: 'vwap', options: { type: 'object' } }],
    });
    expect(await parsed('list', 'topologies', '--json')).toMatchObject({
      topologies: [{ name: 'ingestor' }, {}, {}, {}, {}, {}, {}, {}, {}, {}],
    });
    expect(await parsed('dead-letters', 'list', '--json')).toHaveProperty('letters');

    using folder = temporaryFolder();
    writeFileSync(join(folder.path, 'pipeline.yml'), 'name: x\nconectors: {}\n');
    const { code, stdout } = await ends(['validate', '--json'], { folder: folder.path });
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: false,
      problems: expect.arrayContaining([expect.objectContaining({ line: 2, column: 1 })]),
    });
  });
});

describe('help', () => {
  it.each([['-h'], ['--help'], ['help']])('%s', async (flag) => {
    expect(await ends([flag])).toMatchObject({ code: 0, stdout: expect.stringContaining('dead-letters'), stderr: '' });
  });

  it('of a command, in every way to request it', async () => {
    const asked = [
      ['help', 'status'],
      ['status', '-h'],
      ['status', '--help'],
    ];
    for (const args of asked)
      expect(await ends(args)).toMatchObject({ code: 0, stdout: expect.stringContaining('--watch'), stderr: '' });
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await ends(['-V'])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });
});

describe('an empty folder', () => {
  it('is reported, with what to do; after init it contains a pipeline that runs', async () => {
    using folder = temporaryFolder();
    const options = { folder: folder.path };
    for (const args of [[], ['validate'], ['status']]) {
      const { code, stderr } = await ends(args, options);
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(
          /^fdp: no pipeline\.yml in this folder: "fdp init" writes one, --pipeline FILE names another\n$/,
        ),
      ]);
    }
    expect((await ends(['list', 'connectors'], options)).code).toBe(0);
    expect(await ends(['init'], options)).toMatchObject({ code: 0, stdout: expect.stringContaining('pipeline.yml') });
    expect(await ends(['validate'], options)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^pipeline\.yml is valid: profile embedded/),
    });
    expect(await ends(['init'], options)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nothing was written'),
    });
  });
});

describe('completion', () => {
  it.runIf(existsSync('/bin/bash'))('completes commands, their commands and flags in bash', async () => {
    const { stdout } = await ends(['completion', 'bash']);
    const words = async (...line: string[]) => {
      const script = `${stdout}\nCOMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _fdp; echo "\${COMPREPLY[@]}"`;
      const child = spawn('/bin/bash', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (chunk) => {
        output += chunk;
      });
      await once(child, 'close');
      return output.trim().split(' ');
    };
    expect(await words('fdp', 'st')).toEqual(['status']);
    expect(await words('fdp', 'dead-letters', 're')).toEqual(['replay']);
    expect(await words('fdp', 'status', '--w')).toEqual(['--watch']);
    expect(await words('fdp', 'validate', '--pr')).toEqual(['--profile']);
    expect(await words('fdp', 'list', 'o')).toEqual(['operators']);
    expect(await words('fdp', 'validate', '--to')).toEqual(['--topology']);
    expect(await words('fdp', 'completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']));
  });

  it('supports three shells, and names them', async () => {
    for (const shell of ['zsh', 'fish'])
      expect(await ends(['completion', shell])).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('dead-letters'),
      });
    expect(await ends(['completion', 'tcsh'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('bash, zsh, fish'),
    });
  });
});

describe('fdp produce', () => {
  it('puts lines or the whole input into a log, and reports how many', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const lines = '{"a":1}\n\n"text"\n[2]';
    expect(await ends(['produce', 'ticks', '--key', 'AAPL'], { env, input: lines })).toMatchObject({
      code: 0,
      stdout: '3 messages put into ticks\n',
    });
    expect(
      await ends(['produce', 'ticks', '--key', 'AAPL', '--whole'], { env, input: 'no JSON\nat all' }),
    ).toMatchObject({ code: 0, stdout: '1 message put into ticks\n' });
    expect(logOf(folder.path).map(({ key, value }) => [key, value])).toEqual([
      ['AAPL', '{"a":1}'],
      ['AAPL', '"text"'],
      ['AAPL', '[2]'],
      ['AAPL', 'no JSON\nat all'],
    ]);
  });

  it('stops at a line that is not JSON, and names it; refuses a connector that is not a log', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const { code, stderr } = await ends(['produce', 'ticks'], { env, input: '{"a":1}\nno\n{"b":2}\n' });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^fdp: produce: line 2: expected JSON: .*\(1 message put into ticks\)\n$/),
    ]);
    expect(await ends(['produce', 'tiks'], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "ticks"'),
    });
    expect(await ends(['produce', 'trades'], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('trades is not a log; the logs are ticks, rejected'),
    });
  });

  it('appends a poison message, as docs/operate.md does, and another: each becomes a dead letter', async () => {
    const { text } = blockNamed('docs/operate.md', 'poison');
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const commands = text.replaceAll('npx fdp', `'${process.execPath}' bin/fdp-run.js`);
    const shell = spawn('sh', ['-ec', commands], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
      });
    const [code] = await once(shell, 'close');
    expect(code, output).toBe(0);
    expect(logOf(folder.path).length).toBeGreaterThan(0);
    await using processor = new Process(['--topology', 'processor'], env);
    await eventually('both letters', async () => logOf(folder.path, 'raw_stock_ticks.rejected').length === 2);
    expect(await processor.stop()).toBe(0);
  });
});

describe('the end of the platform', () => {
  it('is not delayed by clients that never read, and leaves nothing open', async () => {
    using folder = temporaryFolder();
    const { env, api, tcpPort } = await workspaceIn(folder.path);
    await using platform = new Process([], env);
    const apiPort = Number(new URL(api).port);
    await eventually('it listens', async () =>
      [tcpPort, apiPort].every((port) => platform.output.includes(`listening on 127.0.0.1 port ${port}`)),
    );
    const stream = 'GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const asks = [
      stream,
      stream.repeat(60),
      `${stream}no HTTP\r\n\r\n`,
      stream.replace('stream', 'symbols').repeat(16),
    ];
    const clients = [...asks.map(() => apiPort), tcpPort].map(async (port, index) => {
      const socket = (await dial(port)).pause();
      socket.write(asks[index] ?? '');
      return socket;
    });
    const sockets = await Promise.all(clients);
    try {
      await eventually('trades for those who watch', async () => {
        const answer = await get(`${api}/api/v1/trades/AAPL`);
        return JSON.stringify(answer?.body['data'] ?? '').includes('price');
      });
      expect(await platform.stop('SIGTERM')).toBe(0);
      expect(platform.output).toContain('stopped cleanly');
      expect(platform.output).not.toContain('still open at exit');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });
});

describe('a port that is taken', () => {
  it('does not keep a dashboard from starting: it serves its own metrics on the next one, and logs it', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    await using platform = new Process(['--topology', 'simulation'], env);
    await eventually('it observes', async () => platform.output.includes('observe: listening'));
    await using dashboard = new Process(['--topology', 'dashboard'], env);
    await eventually('prices', async () => dashboard.stdout.includes('VWAP'));
    const texts = dashboard.log.map(({ msg }) => msg);
    expect(texts[0]).toMatch(
      new RegExp(
        `^observe: port ${env['OBSERVE_PORT']} \\(from OBSERVE_PORT\\) on 127\\.0\\.0\\.1 is in use by another fdp \\([^)]+, pid ${platform.child.pid}\\): using the next free port$`,
      ),
    );
    expect(texts[1]).toMatch(/^observe: listening on 127\.0\.0\.1 port \d+$/);
    expect(await dashboard.stop()).toBe(0);
    expect(await platform.stop()).toBe(0);
  });

  it('is named with its variable, in the error of a command too', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    const port = Number(new URL(api).port);
    await using holder = new Process(['--topology', 'api'], env);
    await eventually('the API', async () => (await get(`${api}/api/v1/symbols`)) !== undefined);
    expect(await ends(['--topology', 'api'], { env: { ...env, OBSERVE_PORT: '0' } })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `ended: http: port ${port} (from API_PORT) on 127.0.0.1 is in use by another program`,
      ),
    });
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    expect(await ends(['produce', 'ticks'], { env: { FDP_DATA: `${file}/data` }, input: '1\n' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${file}/data (from FDP_DATA): the folder could not be created`),
    });
    expect(await holder.stop()).toBe(0);
  });
});
