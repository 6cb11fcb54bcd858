import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, temporaryFolder } from '../support/cli/platform.ts';
import { onTerminal, Terminal } from '../support/cli/tmux.ts';
import { get, workspaceIn } from '../support/cli/workspace.ts';

// The platform started by npm, with a shell in between: a stop reaches it exactly once, and no process is left.

type Environment = Readonly<Record<string, string>>;

/** A command in a process group of its own, without a terminal. */
class Group {
  readonly child: ChildProcess;
  output = '';

  constructor(command: readonly string[], env: Environment) {
    const [program = '', ...args] = command;
    this.child = spawn(program, args, {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk) => {
        this.output += chunk;
      });
  }

  /** Sends a signal to the command alone, and returns how it ended. */
  async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    const exit = once(this.child, 'exit');
    this.child.kill(signal);
    const [code, by] = await exit;
    return code ?? by;
  }

  get isAlive(): boolean {
    try {
      return process.kill(-(this.child.pid ?? 0), 0);
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    if (this.isAlive) process.kill(-(this.child.pid ?? 0), 'SIGKILL');
  }
}

function isStarted(api: string): Promise<unknown> {
  return eventually('it serves', async () => (await get(`${api}/api/v1/symbols`))?.status === 200);
}

describe.concurrent('a stop of npm', () => {
  it.each([
    [['npm', 'start'], 'SIGINT', 0],
    [['npm', 'start'], 'SIGTERM', 0],
    [['npm', 'start'], 'SIGHUP', 'SIGHUP'],
    [['npx', 'fdp'], 'SIGTERM', 'SIGTERM'],
    [['npx', 'fdp'], 'SIGHUP', 'SIGHUP'],
  ] as const)('%s, %s to npm alone: the platform drains and no process is left', async (command, signal, end) => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    using group = new Group(command, env);
    await isStarted(api);
    expect(await group.end(signal)).toBe(end);
    await eventually('nobody is left', async () => !group.isAlive);
    expect(group.output).toContain('"stopped cleanly"');
    expect(group.output).not.toContain('forced');
  });
});

onTerminal('npm in a terminal', () => {
  it('npm start, Ctrl-C: drained, once, and 0', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    using terminal = new Terminal(['start'], { folder: folder.path, env, program: ['npm'] });
    await isStarted(api);
    terminal.press('C-c');
    await terminal.shows('ended with 0');
    expect(terminal.text).toContain('stopped cleanly');
  });

  it('npx fdp, Ctrl-C: drained, once; npx itself ends with 130', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    using terminal = new Terminal(['fdp'], { folder: folder.path, env, program: ['npx'] });
    await isStarted(api);
    terminal.press('C-c');
    await terminal.shows('ended with 130');
    await terminal.shows('stopped cleanly');
  });

  it('npm start, its window closed: drained', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    const file = join(folder.path, 'log');
    const program = ['sh', '-c', `exec npm start 2>${file}`];
    using terminal = new Terminal([], { folder: folder.path, env, program });
    await isStarted(api);
    terminal.hangUp();
    await eventually('it has drained', async () => readFileSync(file, 'utf8').includes('"stopped cleanly"'));
    expect(await get(`${api}/api/v1/symbols`)).toBe(undefined);
  });
});
