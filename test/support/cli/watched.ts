import type { Cluster, Variables } from './cluster.ts';
import { eventually, freePort, type Process } from './platform.ts';
import { type Answer, get, type Workspace } from './workspace.ts';

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly topology?: string;
  readonly node?: string;
  readonly state?: string;
}

/** An `fdp` that is observed from outside: by its health, its exit code and its log. Killed when it is disposed. */
export class Watched implements AsyncDisposable {
  readonly topologies: string;
  readonly process: Process;
  readonly workspace: Workspace;
  readonly #observe: string;

  private constructor(topologies: string, started: { process: Process; workspace: Workspace }, observe: string) {
    this.topologies = topologies;
    this.process = started.process;
    this.workspace = started.workspace;
    this.#observe = observe;
  }

  /** Starts the topologies, separated by commas, in one process. */
  static async start(cluster: Cluster, topologies: string, more: Variables = {}): Promise<Watched> {
    const port = String(await freePort());
    const started = await cluster.start(['--topology', topologies], { OBSERVE_PORT: port, ...more });
    return new Watched(topologies, started, `http://127.0.0.1:${port}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }

  get isRunning(): boolean {
    return this.process.child.exitCode === null && this.process.child.signalCode === null;
  }

  /** The log lines so far. */
  get lines(): readonly LogLine[] {
    return this.process.log;
  }

  /** The state changes of nodes in the log from line `from` on, as `topology/node state`. */
  changes(from = 0): readonly string[] {
    const changed = this.lines.slice(from).filter(({ node, state }) => node !== undefined && state !== undefined);
    return changed.map(({ topology, node, state }) => `${topology}/${node} ${state}`);
  }

  health(): Promise<Answer | undefined> {
    return get(`${this.#observe}/health/ready`);
  }

  /** Undefined while the server does not listen. */
  async metrics(): Promise<string | undefined> {
    return fetch(`${this.#observe}/metrics`).then(
      (answer) => answer.text(),
      () => undefined,
    );
  }

  /** Waits until the process reports ready. */
  green(): Promise<unknown> {
    return this.#shows('green', 200);
  }

  /** Waits until the process reports not ready. */
  red(): Promise<unknown> {
    return this.#shows('red', 503);
  }

  async #shows(colour: string, status: number): Promise<void> {
    let last: Answer | undefined;
    const isSo = async () => {
      if (!this.isRunning) throw new Error(`${this.topologies} ended\n${this.process.output}`);
      last = await this.health();
      return last?.status === status;
    };
    await eventually(`${this.topologies} is ${colour}`, isSo).catch((error) => {
      throw new Error(`${error.message}: ${JSON.stringify(last?.body)}\n${this.process.output}`);
    });
  }
}
