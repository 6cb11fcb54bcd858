import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export interface ChildOptions {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The folder for a CPU profile of the process; undefined: none is written. */
  readonly profile: string | undefined;
}

/** A Node process under measurement: the platform as it ships, or a hand-written loop. */
export class Child {
  readonly process: ChildProcess;
  output = '';

  constructor({ args, env, profile }: ChildOptions) {
    const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    if (profile !== undefined) mkdirSync(profile, { recursive: true });
    this.process = spawn(process.execPath, [...flags, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (chunk) => {
        this.output = (this.output + chunk).slice(-20_000);
      });
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Fails when the process has ended although it should not have. */
  alive(): void {
    if (this.process.exitCode === null && this.process.signalCode === null) return;
    throw new Error(`ended early with ${this.process.exitCode ?? this.process.signalCode}:\n${this.output}`);
  }

  /** Sends SIGTERM, waits, and kills it after a while. */
  async stop(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const closed = once(this.process, 'close');
    this.process.kill('SIGTERM');
    const insist = setTimeout(() => this.process.kill('SIGKILL'), 15_000);
    await closed;
    clearTimeout(insist);
  }
}

/** The platform as it ships. */
export function fdpRun(args: readonly string[], env: Readonly<Record<string, string>>, profile?: string): Child {
  const quiet = { OBSERVE_PORT: '0', LOG_LEVEL: 'warn' };
  return new Child({ args: [join('bin', 'fdp-run.js'), ...args], env: { ...quiet, ...env }, profile });
}

/** A hand-written loop: plain JavaScript, written for this one purpose. */
export function handLoop(name: string, env: Readonly<Record<string, string>>, profile?: string): Child {
  return new Child({ args: [join('bench', 'loops', `${name}.js`)], env, profile });
}
