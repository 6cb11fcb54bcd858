import { FdpError, messageOf as textOf } from '../errors.ts';
import { endedWithin, linkedAbort } from './clock.ts';
import type { Connector, Environment } from './component.ts';
import type { Plan } from './plan.ts';
import type { TopologySnapshot } from './snapshot.ts';
import { Topology, type Unfinished } from './topology.ts';

/** How often a drain says what it waits for, ms. */
const reportMs = 1000;
/** How long a connector may take to close, ms. */
const closeMs = 5000;

export interface RunResult {
  /**
   * 0 done or stopped cleanly, 1 a topology failed for good, 2 the spec asks for what can't be, 3 a stop was forced
   * before everything was finished.
   */
  readonly exitCode: 0 | 1 | 2 | 3;
  /** What a forced stop left, by topology and node. */
  readonly unfinished: readonly Unfinished[];
}

/**
 * All started topologies of one process and the connectors that they share. Starting and ending one does not touch the
 * others. When `run` has resolved no handle is left.
 */
export class Runtime {
  readonly #plan: Plan;
  readonly #environment: Environment;
  readonly #topologies: readonly Topology[];
  readonly #connectors = new Map<string, Promise<Connector>>();
  /** Aborts when there is nothing left to wait for. */
  readonly #over = linkedAbort().controller;
  #drain: Promise<void> | undefined;
  #unfinished: readonly Unfinished[] = [];

  constructor(plan: Plan, environment: Environment) {
    this.#plan = plan;
    this.#environment = environment;
    this.#topologies = plan.topologies.map(
      (topology) =>
        new Topology({
          plan: topology,
          settings: plan.settings,
          environment,
          typeOf: (name) => plan.connectors.get(name)?.declaration.type ?? 'unknown',
          connector: (name) => this.#connector(name),
        }),
    );
  }

  /** Runs until every topology has ended. Never rejects. */
  async run(): Promise<RunResult> {
    const codes = await Promise.all(this.#topologies.map((topology) => topology.run()));
    await this.#closeConnectors();
    this.#over.abort();
    const worst = Math.max(0, ...codes) as 0 | 1 | 2;
    return { exitCode: this.#unfinished.length > 0 ? 3 : worst, unfinished: this.#unfinished };
  }

  /** Stops cleanly: intake first, then what is in flight; forced once `settings.shutdownMs` are over. */
  drain(): void {
    this.#drain ??= this.#drainWithin(this.#plan.settings.shutdownMs);
  }

  /** Stops at once; what is in flight is noted as unfinished. */
  force(): void {
    if (this.#over.signal.aborted) return;
    this.#unfinished = this.#topologies.flatMap((topology) => topology.unfinished());
    this.#over.abort();
    for (const topology of this.#topologies) topology.force();
  }

  snapshot(): readonly TopologySnapshot[] {
    return this.#topologies.map((topology) => topology.snapshot());
  }

  async #drainWithin(limitMs: number): Promise<void> {
    const { clock, log } = this.#environment;
    for (const topology of this.#topologies) topology.drain();
    for (let left = limitMs; left > 0; ) {
      const step = Math.min(reportMs, left);
      await clock.sleep(step, this.#over.signal);
      if (this.#over.signal.aborted) return;
      left -= step;
      const waiting = this.#topologies.flatMap((topology) => topology.unfinished()).map(describe);
      log.info({ left_ms: left }, `stopping: waiting for ${waiting.join(', ') || 'connections to close'}`);
    }
    this.force();
  }

  #connector(name: string): Promise<Connector> {
    const known = this.#connectors.get(name);
    if (known) return known;
    const made = this.#make(name, this.#environment);
    this.#connectors.set(name, made);
    // A restart makes it anew.
    made.catch(() => this.#connectors.delete(name));
    return made;
  }

  async #make(name: string, environment: Environment): Promise<Connector> {
    const plan = this.#plan.connectors.get(name);
    if (plan === undefined) throw new FdpError('FDP_INTERNAL', `connector ${name} is not part of the plan`);
    return plan.declaration.create(plan.options, { ...environment, name });
  }

  async #closeConnectors(): Promise<void> {
    const { clock, log } = this.#environment;
    for (const [name, made] of this.#connectors) {
      const closed = made.then((connector) => connector.close());
      closed.catch((error) => log.debug({ connector: name }, `${name}: ${textOf(error)}`));
      if (!(await endedWithin(clock, closeMs, closed))) log.warn({ connector: name }, `${name}: did not close in time`);
    }
  }
}

function describe({ topology, node, messages }: Unfinished): string {
  return `${topology}/${node} (${messages} messages)`;
}
