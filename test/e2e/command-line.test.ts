import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ends } from '../support/cli/ends.ts';
import { sized } from '../support/cli/faults.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { get, workspaceIn } from '../support/cli/workspace.ts';
import { dial } from '../support/sockets/sockets.ts';

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
