import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export type Line = Readonly<Record<string, unknown>>;

/** A process that prints events as JSON lines on stdout. */
export class Worker {
  readonly lines: Line[] = [];
  readonly child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #ended = false;
  /** stderr so far. */
  errors = '';

  /** @param script a TypeScript file in this folder */
  constructor(script: string, ...args: readonly string[]) {
    const file = new URL(script, import.meta.url).pathname;
    this.child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stderr?.on('data', (chunk) => {
      this.errors += chunk;
    });
    if (this.child.stdout)
      createInterface({ input: this.child.stdout }).on('line', (line) => {
        this.lines.push(JSON.parse(line));
        this.#wake();
      });
    this.child.once('exit', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** Waits for the first line that matches; fails when the process ends without it. */
  async line(fits: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const found = this.lines.find(fits);
      if (found) return found;
      if (this.#ended) throw new Error(`the process ended; it printed ${JSON.stringify(this.lines)} ${this.errors}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  event(name: string): Promise<Line> {
    return this.line(({ event }) => event === name);
  }

  /** Sends a signal; for one that ends the process, resolves with its exit code or signal. */
  async end(signal: NodeJS.Signals): Promise<number | string | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    const [code, by] = await exited;
    return code ?? by;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
