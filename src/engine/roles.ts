import { errorText, FdpError, isRetriable } from '../errors.ts';
import { Backoff } from '../kit/backoff.ts';
import { endedWithin, linkedAbort, withGrace } from '../kit/clock.ts';
import type { Connector } from '../kit/connector.ts';
import type { Environment } from '../kit/environment.ts';
import type { Lookup } from '../kit/lookup.ts';
import type { NodeStats } from '../kit/node-stats.ts';
import type { Role, RoleContext } from '../kit/role.ts';
import type { Sink } from '../kit/sink.ts';
import type { Source } from '../kit/source.ts';
import type { Graph } from './graph.ts';
import type { FlowOutcomes } from './outcomes.ts';
import type { BranchPlan, TopologyPlan } from './plan.ts';

/** How long a role may take to close, ms. */
const closeMs = 5000;
/** The longest wait between two attempts to connect, ms: short, so that a server that was just started is used soon. */
const longestWaitMs = 5000;

export interface RolesParts {
  readonly plan: TopologyPlan;
  readonly environment: Environment;
  readonly graph: Graph;
  readonly outcomes: FlowOutcomes;
  /** The one instance of a connector in this process. */
  connector(name: string): Promise<Connector>;
  /** Aborts when the intake stops. */
  readonly draining: AbortSignal;
  /** Aborts when the run can't go on. */
  readonly killed: AbortSignal;
  /** Called when a role that connects in the background can never connect. */
  fail(error: unknown): void;
  /** Called when the sink of a best-effort branch can never connect. */
  lose(branch: string, error: unknown): void;
}

/** The roles of the connectors in one run of a topology: made, connected with retries, and closed together. */
export class Roles {
  /** By branch. */
  readonly sinks = new Map<string, Sink>();
  source: Source | undefined;
  deadLetter: Sink | undefined;
  readonly #lookups = new Map<string, { readonly role: Lookup; connected: boolean }>();
  /** All roles that connect or have connected; none of these promises rejects. */
  readonly #connecting: Promise<unknown>[] = [];
  readonly #parts: RolesParts;

  constructor(parts: RolesParts) {
    this.#parts = parts;
  }

  /** Makes all of them; touches nothing. */
  async make(): Promise<void> {
    const { plan, graph } = this.#parts;
    const from = async (name: string) => this.#parts.connector(name);
    const { connector, usage } = plan.source;
    const source = (await from(connector)).source?.(usage, this.#context(graph.source));
    this.source = present(source, connector, 'source');
    for (const branch of plan.branches) {
      const context = this.#context(this.#nodeOf(branch), branch.input);
      const sink = (await from(branch.connector)).sink?.(branch.usage, context);
      this.sinks.set(branch.name, present(sink, branch.connector, 'sink'));
    }
    for (const [name, node] of graph.lookups) {
      const role = (await from(name)).lookup?.(this.#context(node));
      this.#lookups.set(name, { role: present(role, name, 'lookup'), connected: false });
    }
    if (plan.deadLetter === undefined || graph.deadLetter === undefined) return;
    const letters = (await from(plan.deadLetter.connector)).sink?.(
      plan.deadLetter.usage,
      this.#context(graph.deadLetter),
    );
    this.deadLetter = present(letters, plan.deadLetter.connector, 'sink');
  }

  /** The source, once it is its turn and every sink that settles is connected; undefined when a stop came first. */
  async connect(): Promise<Source | undefined> {
    const { plan, graph } = this.#parts;
    const source = present(this.source, plan.source.connector, 'source');
    this.#connectLookups();
    if (!(await this.#connectRole(source, graph.source))) return undefined;
    const takenOver = source.takenOver ?? false;
    const waited: Promise<boolean>[] = [];
    for (const branch of plan.branches) {
      const sink = present(this.sinks.get(branch.name), branch.name, 'sink');
      const connected = this.#connectRole(sink, this.#nodeOf(branch), takenOver);
      // A best-effort sink delays nothing: until it is connected its messages are dropped.
      if (branch.bestEffort) connected.catch((error) => this.#parts.lose(branch.name, error));
      else waited.push(connected);
    }
    if (this.deadLetter && graph.deadLetter)
      waited.push(this.#connectRole(this.deadLetter, graph.deadLetter, takenOver));
    return (await Promise.all(waited)).every((done) => done) ? source : undefined;
  }

  /**
   * The lookup of a connector, which fails at once while its store is not connected. A fatal error of the store
   * ends the run.
   */
  lookup(name: string): Pick<Lookup, 'find'> {
    const lookup = present(this.#lookups.get(name), name, 'lookup');
    return {
      find: async (query, signal) => {
        if (!lookup.connected) throw new FdpError('FDP_UNAVAILABLE', `${name}: the store cannot be reached yet`);
        try {
          return await lookup.role.find(query, signal);
        } catch (error) {
          if (!(error instanceof FdpError && error.code === 'FDP_STORE_GONE')) throw error;
          this.#parts.fail(error);
          throw new FdpError('FDP_UNAVAILABLE', error.message, { cause: error });
        }
      },
    };
  }

  /** Closes all of them, each within its time; the source last, since the next process opens the same ports. */
  async close(): Promise<void> {
    // A role that is still connecting can be closed only afterwards.
    await endedWithin(this.#parts.environment.clock, closeMs, Promise.all(this.#connecting));
    const others = [...this.sinks.values(), ...[...this.#lookups.values()].map(({ role }) => role), this.deadLetter];
    await Promise.all(others.map((role) => this.#closeRole(role)));
    await this.#closeRole(this.source);
  }

  /** Lookups connect in the background: a request fails immediately while a store is unavailable. */
  #connectLookups(): void {
    for (const [name, lookup] of this.#lookups) {
      const node = present(this.#parts.graph.lookups.get(name), name, 'lookup');
      const connected = this.#connectRole(lookup.role, node).then((done) => {
        lookup.connected = done;
      });
      connected.catch((error) => this.#parts.fail(error));
    }
  }

  /** Connects a role, with retries; false when a stop came first. */
  #connectRole(role: Role, node: NodeStats, takenOver = false): Promise<boolean> {
    const { environment, killed } = this.#parts;
    const connecting = this.#tryConnect(role, node, takenOver);
    this.#connecting.push(connecting.catch(() => {}));
    const late = () => new FdpError('FDP_CLOSED', `${node.name}: did not stop connecting when it was stopped`);
    return withGrace(environment.clock, connecting, { signal: killed, graceMs: closeMs, late });
  }

  async #tryConnect(role: Role, node: NodeStats, takenOver: boolean): Promise<boolean> {
    const { environment, draining, killed } = this.#parts;
    const stop = linkedAbort(draining, killed);
    const { signal } = stop.controller;
    const backoff = new Backoff(environment, longestWaitMs);
    node.is('connecting');
    try {
      while (!signal.aborted) {
        try {
          await role.connect(signal, { takenOver });
          if (signal.aborted) break;
          // A role that reconnects by itself has reported it.
          if (node.state !== 'retrying') node.is('ok');
          return true;
        } catch (error) {
          if (signal.aborted) break;
          if (!isRetriable(error)) {
            node.is('failed', errorText(error));
            throw error;
          }
          node.is('connecting', errorText(error));
          await backoff.wait(signal);
        }
      }
      return false;
    } finally {
      stop.release();
    }
  }

  async #closeRole(role: Role | undefined): Promise<void> {
    const { environment, plan } = this.#parts;
    const warn = (text: string) => environment.log.warn({ topology: plan.name }, `closing: ${text}`);
    const closed = (async () => role?.close())();
    closed.catch((error) => warn(errorText(error)));
    if (!(await endedWithin(environment.clock, closeMs, closed))) warn(`not finished within ${closeMs} ms`);
  }

  #context(node: NodeStats, input: RoleContext['input'] = 'rows'): RoleContext {
    const { environment, plan, outcomes: all } = this.#parts;
    const outcomes = all.at(node);
    const sourceReplays = this.source?.replayable ?? true;
    const { name: topology, routes, channels = [] } = plan;
    return { ...environment, node, outcomes, input, sourceReplays, topology, routes, channels };
  }

  #nodeOf(branch: BranchPlan): NodeStats {
    return present(this.#parts.graph.branches.get(branch.name), branch.name, 'sink').sink;
  }
}

/** Checked by the pipeline reader; this is for the compiler, and for plans made by hand. */
export function present<T>(value: T | undefined, name: string, role: string): T {
  if (value === undefined) throw new FdpError('FDP_SPEC_INVALID', `${name}: has no ${role} role`);
  return value;
}
