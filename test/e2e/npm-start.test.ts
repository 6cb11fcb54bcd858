import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { get, placeIn } from '../support/place.ts';
import { eventually, temporaryFolder } from '../support/platform.ts';

const running: ChildProcess[] = [];
afterEach(() => {
  for (const { pid } of running.splice(0))
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // The whole group has ended, as it should.
    }
});

describe('npm start', () => {
  it.each([
    ['SIGTERM to npm alone', 'SIGTERM', 1, 0],
    ['SIGINT to the whole group, as Ctrl-C sends it', 'SIGINT', -1, 0],
    // npm does not wait when its terminal is closed; the platform drains all the same.
    ['SIGHUP to the whole group, as a closed terminal sends it', 'SIGHUP', -1, null],
  ] as const)('drains on %s, ends with 0, and leaves nothing behind', async (_what, signal, whom, code) => {
    using folder = temporaryFolder();
    const { env, api } = await placeIn(folder.path);
    const npm = spawn('npm', ['start'], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.push(npm);
    let output = '';
    for (const stream of [npm.stdout, npm.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    await eventually('the API answers', async () => (await get(`${api}/api/v1/symbols`))?.status === 200);
    const ended = once(npm, 'exit');
    process.kill(whom * (npm.pid ?? 0), signal);
    expect((await ended)[0], output).toBe(code);
    await eventually('the platform has ended', async () => (await get(`${api}/api/v1/symbols`)) === undefined);
    await eventually('it has stopped cleanly', async () => output.includes('stopped cleanly'));
    expect(output).not.toContain('forced');
  });
});
