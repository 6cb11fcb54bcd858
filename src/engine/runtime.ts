import { errorText, FdpError } from '../errors.ts';
import { endedWithin, linkedAbort } from '../kit/clock.ts';
import type { Connector } from '../kit/connector.ts';
import type { Environment } from '../kit/environment.ts';
import type { TopologySnapshot } from '../kit/snapshot.ts';
import type { Plan } from './plan.ts';
import { Topology, type Unfinished } from './topology.ts';

/** How often a drain logs what it waits for, ms. */
const reportMs = 1000;
/** How long a connector may take to close, ms. */
const closeMs = 5000;
/** How long the other topologies have to report why they cannot start, once one has failed permanently, ms. */
const triedMs = 10_000;

export interface RunResult {
  /**
   * 0 done or stopped cleanly, 1 a topology failed permanently, 2 the pipeline is wrong, 3 a stop was forced
   * before everything was finished.
   */
  readonly exitCode: 0 | 1 | 2 | 3;
  /** Messages that a forced stop left unfinished, by topology and node. */
  readonly unfinished: readonly Unfinished[];
}

/**
 * All started topologies of one process and the connectors that they share. If one fails permanently before it ever
 * ran, it ends the process, once the others were tried; after that the others continue without it. When `run` has
 * resolved no handle is left.
 */
export class Runtime {
  readonly #plan: Plan;
  readonly #environment: Environment;
  readonly #topologies: readonly Topology[];
  readonly #connectors = new Map<string, Promise<Connector>>();
  /** Aborts when there is nothing left to wait for. */
  readonly #over = linkedAbort().controller;
  #drain: Promise<void> | undefined;
  #givingUp: Promise<void> | undefined;
  /** Why topologies failed, with the first one that did. */
  readonly #causes = new Map<string, string>();
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
          planOf: (name) => plan.connectors.get(name),
          connector: (name) => this.#connector(name),
          failed: (failed, cause) => this.#failed(failed, cause),
        }),
    );
  }

  /** Runs until every topology has ended. Never rejects. */
  async run(): Promise<RunResult> {
    const codes = await Promise.all(this.#topologies.map((topology) => topology.run()));
    await this.#givingUp;
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

  /** One error line per cause, however many topologies it ends. */
  #failed({ name, beginning }: Topology, { reason, code }: { reason: string; code: string }): void {
    const { log } = this.#environment;
    const first = this.#causes.get(reason);
    if (first === undefined) {
      this.#causes.set(reason, name);
      log.error({ topology: name, code }, `ended: ${reason}`);
    } else log.info({ topology: name }, `ended, for the same reason as ${first}`);
    if (!beginning.hasRun) this.#givingUp ??= this.#giveUp(name);
  }

  /** Stops the running topologies, once every other cause is known. */
  async #giveUp(name: string): Promise<void> {
    const { clock, log } = this.#environment;
    const tried = Promise.all(this.#topologies.map(({ beginning }) => beginning.tried));
    await endedWithin(clock, triedMs, tried);
    if (this.#drain || this.#over.signal.aborted) return;
    if (this.#topologies.some((topology) => !topology.hasEnded))
      log.info({ topology: name }, `stopping: ${name} could not be started`);
    this.drain();
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
    // A restart creates it again.
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
      closed.catch((error) => log.debug({ connector: name }, `${name}: ${errorText(error)}`));
      if (!(await endedWithin(clock, closeMs, closed))) log.warn({ connector: name }, `${name}: did not close in time`);
    }
  }
}

function describe({ topology, node, messages }: Unfinished): string {
  return `${topology}/${node} (${messages} messages)`;
}
