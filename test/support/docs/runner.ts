import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { programNames } from '../../../src/cli/shared/program.ts';
import type { Workspace } from '../cli/workspace.ts';
import { type ShellCommand, startsRuns } from './commands.ts';

/**
 * Runs commands from a document in a shell: `fdp` and `npx fdp` are the built program, `open` fetches its URL,
 * `nc` prints what it receives. Ports are those of the workspace, and placeholders such as `ID` are filled in.
 */
export class Runner {
  readonly #workspace: Workspace;
  readonly #folder: string;
  readonly #path: string;
  readonly names: Record<string, string> = {};

  /** @param folder where commands run, and where the programs that they need are put */
  constructor(workspace: Workspace, folder: string) {
    this.#workspace = workspace;
    this.#folder = folder;
    const bin = join(folder, 'bin');
    this.#path = `${bin}:${process.env['PATH']}`;
    mkdirSync(bin, { recursive: true });
    const program = (name: string, script: string) => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, name), 0o755);
    };
    const fdp = `exec '${process.execPath}' '${resolve('bin/fdp-run.js')}'`;
    for (const name of programNames) program(name, `${fdp} "$@"`);
    program('npx', `shift; ${fdp} "$@"`);
    program('open', 'exec curl --fail --silent --show-error "$1"');
    const client = `require('net').connect(process.argv[2], process.argv[1]).pipe(process.stdout)`;
    program('nc', `exec '${process.execPath}' -e "${client}" "$1" "$2"`);
  }

  /** Runs a command that ends by itself. */
  async run(command: ShellCommand, input = ''): Promise<{ readonly code: number | null; readonly output: string }> {
    const child = this.#spawn(command, input);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    const [code] = await once(child, 'close');
    return { code, output };
  }

  /** Starts a command that does not end by itself, and waits for its output; `stop` returns its exit code. */
  async start(command: ShellCommand, expected: RegExp): Promise<{ readonly stop: () => Promise<number | null> }> {
    const child = this.#spawn(command, '');
    let output = '';
    const ended = once(child, 'close');
    await new Promise<void>((done, fail) => {
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (chunk) => {
          output += chunk;
          if (expected.test(output)) done();
        });
      ended.then(() => fail(new Error(`${command.text} ended: ${output.slice(-2000)}`)));
    });
    return {
      stop: async () => {
        child.kill('SIGINT');
        const [code] = await ended;
        return code;
      },
    };
  }

  #spawn({ text, words }: ShellCommand, input: string): ChildProcess {
    const { api, tcpPort, env } = this.#workspace;
    const filled = Object.entries(this.names).reduce((done, [name, value]) => done.replaceAll(name, value), text);
    const line = filled.replaceAll('http://127.0.0.1:8000', api).replace('127.0.0.1 8888', `127.0.0.1 ${tcpPort}`);
    // The scripts of npm run in the checkout; everything else runs where the user would be.
    const cwd = words[0] === 'npm' ? '.' : this.#folder;
    // The shell is replaced by the command, so that the command gets the signal.
    const shell = startsRuns(words) ? `exec env ${line}` : line;
    const child = spawn('sh', ['-ec', shell], { cwd, env: { ...env, OBSERVE_PORT: '', PATH: this.#path } });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    return child;
  }
}
