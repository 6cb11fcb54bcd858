import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { figure, parseMetrics } from '../support/cli/metrics.ts';
import { eventually, freePort, temporaryFolder } from '../support/cli/platform.ts';
import { copiedFiles, execForm, imageEnvironment } from '../support/containers/dockerfile.ts';

const dockerfile = readFileSync('Dockerfile', 'utf8');

/** Copies the files that the Dockerfile copies, to the same paths as in the image. */
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

interface Container {
  readonly env: Readonly<Record<string, string>>;
  start(...args: readonly string[]): ReturnType<typeof start>;
  /** Exit code and output of the health check. */
  health(): Promise<{ readonly code: unknown; readonly output: string }>;
}

/** The image as in a container: in a folder, with its environment, on a free port. */
async function containerIn(folder: string): Promise<Container> {
  layOut(folder);
  const env = {
    FDP_DATA: join(folder, 'data'),
    OBSERVE_PORT: String(await freePort()),
    TCP_PORT: '0',
    TCP_HOST: '127.0.0.1',
  };
  return {
    env,
    start: (...args) => start(folder, [...entry, ...args], env),
    health: async () => {
      await using run = start(folder, check, env);
      return await run.ended;
    },
  };
}

/** Messages that the processor has delivered; 0 while it does not respond. */
async function delivered({ OBSERVE_PORT }: Readonly<Record<string, string>>): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${OBSERVE_PORT}/metrics`).catch(() => undefined);
  if (!response) return 0;
  return figure(parseMetrics(await response.text()), 'fdp_messages_delivered_total', { topology: 'processor' });
}

const entry = execForm(dockerfile, 'ENTRYPOINT');
const check = execForm(dockerfile, 'HEALTHCHECK');

describe('the image', () => {
  it('contains every file that fdp needs, and builds nothing', async () => {
    using folder = temporaryFolder();
    layOut(folder.path);
    await using run = start(folder.path, [...entry, 'validate'], { FDP_PROFILE: 'cluster' });

    expect(await run.ended).toEqual({
      code: 0,
      output: expect.stringMatching(/^pipeline\.yml is valid: profile cluster; starts ingestor,/),
    });
  });

  it('is healthy while fdp lives, and drains on a stop', async () => {
    using folder = temporaryFolder();
    const container = await containerIn(folder.path);
    expect(await container.health()).toMatchObject({ code: 1, output: expect.stringContaining('ECONNREFUSED') });
    await using run = container.start('--topology', 'simulation');
    await eventually('it is healthy', async () => (await container.health()).code === 0);

    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: 0, output: expect.stringContaining('stopped cleanly') });
    expect((await container.health()).code).toBe(1);
  });

  it('is healthy while a dependency is unavailable', async () => {
    using folder = temporaryFolder();
    const container = await containerIn(folder.path);
    await using run = container.start('--topology', 'ingestor,processor,dashboard');
    await eventually('trades are counted', async () => (await delivered(container.env)) > 0);
    const ready = await fetch(`http://127.0.0.1:${container.env['OBSERVE_PORT']}/health/ready`);
    expect({ ready: ready.status, health: await container.health() }).toEqual({
      ready: 503, // nobody feeds the dashboard
      health: { code: 0, output: expect.stringContaining('"status":"sound"') },
    });

    run.child.kill('SIGTERM');
    expect((await run.ended).code).toBe(0);
  });

  it('is not healthy once a part of it failed permanently, and names it', async () => {
    using folder = temporaryFolder();
    const container = await containerIn(folder.path);
    writeFileSync(
      join(folder.path, 'topologies', 'branch.yml'),
      `connectors:
  nowhere: { type: file, path: "\${FDP_DATA}" }
topologies:
  branch:
    source: mock
    sinks: [{ connector: vwap_feed }, { connector: nowhere, best_effort: true }]
`,
    );
    await using run = container.start('--topology', 'branch');
    let seen = '';
    await eventually('the check names what failed', async () => {
      const { code, output } = await container.health();
      seen = `${code} ${output}`;
      return code === 1 && /"failed":.*"branch".*is a folder/.test(output);
    }).catch(async (error) => {
      run.child.kill('SIGKILL');
      throw new Error(`${error.message}: ${seen}; ${(await run.ended).output}`);
    });
    expect(run.child.exitCode).toBeNull();
    run.child.kill('SIGTERM');
    await run.ended;
  });
});
