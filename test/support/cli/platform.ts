import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder, removed at the end of the `using` block. */
export function temporaryFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'fdp-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/**
 * Ports for tests: below the ephemeral ports of the system, with a range for each file that runs at the same time, so
 * that no port is taken between the check that it is free and its use.
 */
const portsOfFile = 1000;
const firstPort = 20_000 + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 10) * portsOfFile;
let nextPort = process.pid % portsOfFile;

/** A free TCP port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + (nextPort++ % portsOfFile);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.close();
    if (!isFree) continue;
    await once(server, 'close');
    return port;
  }
}

/** Waits until `condition` returns something other than undefined or false; fails with `what` after a generous time. */
export async function eventually<T>(
  what: string,
  condition: () => Promise<T | undefined | false>,
  limitMs = 60_000,
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A running `fdp`, started from dist/. Killed at the end of the `await using` block if it is still running. */
export class Process {
  readonly child: ChildProcess;
  /** The output of stderr and stdout so far. */
  output = '';
  stdout = '';
  readonly #ended: Promise<number | NodeJS.Signals>;

  /** @param input its standard input, empty by default */
  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}, input = '') {
    this.child = spawn(process.execPath, ['bin/fdp-run.js', ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: [input === '' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    this.child.stdin?.end(input);
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
      this.output += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.output += chunk;
    });
    this.#ended = new Promise((resolve) => {
      this.child.on('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
    });
  }

  /** The exit code, or the signal that ended the process. */
  get ended(): Promise<number | NodeJS.Signals> {
    return this.#ended;
  }

  /** Sends a signal and waits until the process has ended. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | NodeJS.Signals> {
    this.child.kill(signal);
    return this.#ended;
  }

  /** The log lines so far. */
  get log(): readonly { readonly level: string; readonly msg: string; readonly [field: string]: unknown }[] {
    return this.output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#ended;
  }
}
