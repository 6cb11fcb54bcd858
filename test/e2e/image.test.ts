import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copiedFiles, execForm, imageEnvironment } from '../support/dockerfile.ts';
import { eventually, freePort, temporaryFolder } from '../support/platform.ts';

const dockerfile = readFileSync('Dockerfile', 'utf8');

/** Lays out what the Dockerfile copies, as it lies in the image. */
function layOut(folder: string): void {
  for (const path of [...copiedFiles(dockerfile), 'dist']) cpSync(path, join(folder, path), { recursive: true });
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'data'));
}

/** Starts a command of the Dockerfile in the folder, with the image's environment. */
function start(folder: string, command: readonly string[], env: Readonly<Record<string, string>>) {
  const [, ...args] = command;
  const given = { PATH: process.env['PATH'], ...imageEnvironment(dockerfile), ...env };
  const child = spawn(process.execPath, args, { cwd: folder, env: given, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code: code ?? signal, output }));
  return {
    child,
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

const entry = execForm(dockerfile, 'ENTRYPOINT');
const check = execForm(dockerfile, 'HEALTHCHECK');

describe('the image', () => {
  it('holds every file that fdp-run needs, and builds nothing', async () => {
    using folder = temporaryFolder();
    layOut(folder.path);
    await using run = start(folder.path, [...entry, 'validate'], { FDP_PROFILE: 'cluster' });

    expect(await run.ended).toEqual({
      code: 0,
      output: expect.stringMatching(/^pipeline\.yml is valid: profile cluster; starts ingestor,/),
    });
  });

  it('is healthy while fdp-run lives, and drains when it is told to stop', async () => {
    using folder = temporaryFolder();
    layOut(folder.path);
    const env = {
      FDP_DATA: join(folder.path, 'data'),
      OBSERVE_PORT: String(await freePort()),
      TCP_PORT: '0',
      TCP_HOST: '127.0.0.1',
    };
    const health = async () => {
      await using run = start(folder.path, check, env);
      return (await run.ended).code;
    };
    expect(await health()).toBe(1);
    await using run = start(folder.path, [...entry, '--topology', 'simulation'], env);
    await eventually('it is healthy', async () => (await health()) === 0);

    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: 0, output: expect.stringContaining('stopped cleanly') });
    expect(await health()).toBe(1);
  });
});
