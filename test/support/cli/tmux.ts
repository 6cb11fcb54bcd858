import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { eventually } from './platform.ts';

const isThere = spawnSync('tmux', ['-V']).status === 0;

/** Tests in a real terminal; skipped if there is no tmux, except under CI=true. */
export function onTerminal(name: string, tests: () => void): void {
  if (isThere) {
    describe(name, tests);
    return;
  }
  const text = 'no tmux here: apt-get install tmux, or whatever installs it';
  if (process.env['CI'] === 'true') throw new Error(`${name}: ${text}`);
  process.stderr.write(`\nSKIPPED: ${name}: ${text}\n\n`);
  describe.skip(`${name}: ${text}`, () => {});
}

interface TerminalOptions {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly width?: number;
  readonly height?: number;
  /** The program that gets the arguments; default `fdp`. */
  readonly program?: readonly string[];
}

/** A terminal (tmux) whose shell starts `fdp`, then prints its exit code and whether the terminal is restored. */
export class Terminal {
  readonly #socket: string;
  readonly #folder: string;

  constructor(args: readonly string[], { folder, env, width = 100, height = 30, program }: TerminalOptions) {
    this.#folder = folder;
    this.#socket = join(folder, 'tmux');
    const settings = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
    const script = [
      // Ctrl-C is meant for the program, not for the shell around it.
      "trap ':' INT",
      'echo the line before',
      'stty -g > "$PLACE/before"',
      `${settings.join(' ')} sh -c 'echo $$ > "$PLACE/pid"; exec "$0" "$@"' ${(program ?? [process.execPath, 'bin/fdp-run.js']).map((word) => `'${word}'`).join(' ')} ${args.join(' ')}`,
      'echo "ended with $?"',
      'stty -g > "$PLACE/after"',
      'cmp -s "$PLACE/before" "$PLACE/after" && echo "the terminal is as it was"',
      // Keeps the terminal open for inspection until the server is killed.
      'cat',
    ].join('; ');
    const size = ['-x', String(width), '-y', String(height)];
    execFileSync(
      'tmux',
      ['-S', this.#socket, '-u', '-f', '/dev/null', 'new-session', '-d', ...size, `sh -c "$SCRIPT"`],
      {
        env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', PLACE: folder, SCRIPT: script },
      },
    );
  }

  /** The pid of the started process. */
  get pid(): number {
    return Number(readFileSync(join(this.#folder, 'pid'), 'utf8'));
  }

  /** The visible lines, without trailing spaces. */
  get lines(): readonly string[] {
    return this.#tmux('capture-pane', '-p').split('\n').slice(0, -1);
  }

  get text(): string {
    return this.lines.join('\n');
  }

  /** The visible text with escape sequences for colours. */
  get colours(): string {
    return this.#tmux('capture-pane', '-e', '-p');
  }

  /** Whether the cursor is shown, and whether a program uses the alternate screen. */
  get modes(): { readonly hasCursor: boolean; readonly isTaken: boolean } {
    const [cursor, alternate] = this.#tmux('display-message', '-p', '#{cursor_flag} #{alternate_on}').trim().split(' ');
    return { hasCursor: cursor === '1', isTaken: alternate === '1' };
  }

  /** Presses keys, with the names of tmux: `j`, `Enter`, `Escape`, `Tab`, `Up`, `C-c`. */
  press(...keys: readonly string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  /** Closes the window and everything that runs in it. */
  hangUp(): void {
    this.#tmux('kill-session');
  }

  resize(width: number, height: number): void {
    this.#tmux('resize-window', '-x', String(width), '-y', String(height));
  }

  /** Waits until the screen matches; fails with the text of the screen. */
  async shows(pattern: RegExp | string): Promise<string> {
    let text = '';
    const matches = async () => {
      text = this.text;
      return typeof pattern === 'string' ? text.includes(pattern) : pattern.test(text);
    };
    try {
      await eventually(String(pattern), matches, 20_000);
    } catch (error) {
      throw new Error(`the screen never showed ${pattern}, but:\n${text}`, { cause: error });
    }
    return text;
  }

  [Symbol.dispose](): void {
    spawnSync('tmux', ['-S', this.#socket, 'kill-server']);
  }

  #tmux(...args: readonly string[]): string {
    return execFileSync('tmux', ['-S', this.#socket, '-u', ...args], { encoding: 'utf8' });
  }
}
