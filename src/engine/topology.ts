import { type ErrorCode, errorText, FdpError, faultOf } from '../errors.ts';
import { Backoff } from '../kit/backoff.ts';
import { linkedAbort } from '../kit/clock.ts';
import type { Connector } from '../kit/connector.ts';
import type { Environment } from '../kit/environment.ts';
import { type NodeOwner, type NodeStats, nodeSnapshot } from '../kit/node-stats.ts';
import type { TopologySnapshot, TopologyState } from '../kit/snapshot.ts';
import { Beginning } from './beginning.ts';
import { Flow } from './flow.ts';
import { buildGraph, type Graph } from './graph.ts';
import { MessageCounters } from './message-counters.ts';
import type { ConnectorPlan, Settings, TopologyPlan } from './plan.ts';

/** Restarts allowed within `restartWindowMs`; one more ends the topology. */
const maxRestarts = 5;
const restartWindowMs = 60_000;

export interface TopologyParts {
  readonly plan: TopologyPlan;
  readonly settings: Settings;
  readonly environment: Environment;
  /** A connector of the plan, by its name. */
  planOf(connector: string): ConnectorPlan | undefined;
  /** The one instance of a connector in this process. */
  connector(name: string): Promise<Connector>;
  /** Called when the topology has failed permanently. */
  failed(topology: Topology, cause: { readonly reason: string; readonly code: ErrorCode }): void;
}

/** Messages that a forced stop left unfinished; they are read again, or lost where the source can't replay. */
export interface Unfinished {
  readonly topology: string;
  readonly node: string;
  readonly messages: number;
  /** Since the oldest message in flight was read, ms. */
  readonly oldestMs: number;
}

/**
 * Runs one topology and keeps it running: a dead node restarts it from the last committed position, with back-off, five
 * times a minute at most. A fatal error ends it with 1. Apart from that it ends only by a stop, or with its source.
 */
export class Topology implements NodeOwner {
  readonly name: string;
  readonly beginning: Beginning;
  readonly #parts: TopologyParts;
  readonly #graph: Graph;
  readonly #counters = new MessageCounters();
  readonly #draining = linkedAbort().controller;
  readonly #forced = linkedAbort().controller;
  /** Nodes that were logged as unwell and not yet as well again. */
  readonly #unwell = new Set<NodeStats>();
  #flow: Flow | undefined;
  #state: TopologyState = 'starting';
  #reason: string | undefined;
  #restarts = 0;

  constructor(parts: TopologyParts) {
    this.#parts = parts;
    this.name = parts.plan.name;
    const typeOf = (connector: string) => parts.planOf(connector)?.declaration.type ?? 'unknown';
    this.#graph = buildGraph(parts.plan, typeOf, this);
    const bestEffort = parts.plan.branches.filter((branch) => branch.bestEffort).map((branch) => branch.name);
    this.beginning = new Beginning(this.#graph, new Set(bestEffort));
  }

  /**
   * Resolves with the exit code: 0 at the source's end or after a stop, 1 or 2 when it can't go on, or a node died
   * during the stop. Never rejects.
   */
  async run(): Promise<0 | 1 | 2> {
    const { environment } = this.#parts;
    const { clock, log } = environment;
    const backoff = new Backoff(environment);
    const restartedAt: number[] = [];
    for (;;) {
      const error = await this.#runOnce();
      const isLeaseLost = error instanceof FdpError && error.code === 'FDP_LEASE_LOST';
      if (error === undefined || this.#forced.signal.aborted) return this.#stopped();
      if (faultOf(error) === 'fatal') return this.#failed(error, exitCodeOf(error));
      if (this.#draining.signal.aborted) return isLeaseLost ? this.#stopped() : this.#failed(error, 1);
      this.#restarts++;
      if (isLeaseLost) {
        log.warn({ topology: this.name }, `${errorText(error)}: standing by`);
        continue;
      }
      const now = clock.monotonic();
      while (restartedAt[0] !== undefined && now - restartedAt[0] > restartWindowMs) restartedAt.shift();
      if (restartedAt.push(now) > maxRestarts)
        return this.#failed(error, 1, `${maxRestarts} restarts within a minute did not help: `);
      log.error(
        { topology: this.name, err: error },
        `restarting from the last committed position: ${this.explain(errorText(error))}`,
      );
      await backoff.wait(this.#draining.signal);
    }
  }

  get hasEnded(): boolean {
    return this.#state === 'stopped' || this.#state === 'failed';
  }

  /** Stops the intake; what is in flight is finished. */
  drain(): void {
    this.#draining.abort();
  }

  /** Releases all messages in flight. */
  force(): void {
    this.#draining.abort();
    this.#forced.abort();
  }

  /** Messages in flight, by node, or not committed: what a drain waits for, and what a forced stop leaves. */
  unfinished(): Unfinished[] {
    const { oldest, uncommitted = [] } = this.#flow ?? {};
    const { source, all } = this.#graph;
    const now = this.#parts.environment.clock.monotonic();
    const left = (node: NodeStats, messages: number, readAt: number): Unfinished => ({
      ...{ topology: this.name, node: node.name, messages },
      oldestMs: Math.round(now - readAt),
    });
    const toCommit = uncommitted.reduce((sum, { messages }) => sum + messages, 0);
    const since = Math.min(...uncommitted.map(({ readAt }) => readAt));
    const found = toCommit > 0 ? [left(source, toCommit, since)] : [];
    if (oldest === undefined) return found;
    const busy = all.filter((node) => node.inFlight > 0);
    if (busy.length === 0) return [left(source, toCommit + this.#counters.inFlight, Math.min(oldest, since))];
    return [...busy.map((node) => left(node, node.inFlight, oldest)), ...found];
  }

  snapshot(): TopologySnapshot {
    const { messagesRead, delivered, filtered, rejected, released, inFlight } = this.#counters;
    const state = this.#currentState();
    const sick = this.#graph.all.find((node) => !['ok', 'idle', 'standby'].includes(node.state));
    const reason = this.#reason ?? (sick ? `${sick.name}: ${sick.reason ?? sick.state}` : undefined);
    const lag = this.#flow?.lag();
    const partitions = this.#flow?.partitions;
    return {
      name: this.name,
      state,
      ready: (state === 'running' || state === 'standby') && sick === undefined,
      ...(reason === undefined ? {} : { reason }),
      read: messagesRead,
      delivered,
      filtered,
      rejected,
      released,
      inFlight,
      ...(lag === undefined ? {} : { lag }),
      ...(partitions === undefined ? {} : { partitions }),
      restarts: this.#restarts,
      latency: this.#counters.latency.snapshot(),
      nodes: this.#graph.all.map((node) => nodeSnapshot(node, this.#graph.origins.get(node)?.from?.name)),
    };
  }

  stateChanged(node: NodeStats): void {
    this.beginning.update();
    const fields = { topology: this.name, node: node.name, state: node.state };
    const { log } = this.#parts.environment;
    const text = `${node.name} is ${node.state}${node.reason ? `: ${node.reason}` : ''}`;
    const isUnwell = node.state === 'retrying' || node.state === 'held' || (node.state === 'connecting' && node.reason);
    if (isUnwell) {
      this.#unwell.add(node);
      log.warn(fields, text);
      return;
    }
    const wasUnwell = this.#unwell.delete(node);
    if (node.state === 'ok' && wasUnwell) log.info(fields, `${node.name} is ok again`);
    else if (node.state === 'standby') log.info(fields, text);
    else if (node.state !== 'failed') log.debug(fields, text);
  }

  explain(text: string): string {
    return this.#parts.plan.explain?.(text) ?? text;
  }

  async #runOnce(): Promise<unknown> {
    const { plan, settings, environment, connector } = this.#parts;
    this.#state = 'running';
    this.#flow = new Flow({
      plan,
      settings,
      environment,
      connector,
      graph: this.#graph,
      counters: this.#counters,
      draining: this.#draining.signal,
      forced: this.#forced.signal,
    });
    try {
      await this.#flow.run();
      return undefined;
    } catch (error) {
      return error;
    } finally {
      for (const node of this.#graph.all) if (node.state !== 'failed') node.is('idle');
    }
  }

  #currentState(): TopologyState {
    if (this.#state !== 'running') return this.#state;
    if (this.#draining.signal.aborted) return 'draining';
    const { source } = this.#graph;
    if (source.state === 'standby' || source.state === 'held') return source.state;
    const isConnecting = this.#graph.all.some((node) => node.state === 'connecting');
    return isConnecting || !this.beginning.isConnected ? 'starting' : 'running';
  }

  #stopped(): 0 {
    this.#state = 'stopped';
    this.beginning.ended();
    this.#parts.environment.log.info({ topology: this.name }, 'stopped');
    return 0;
  }

  #failed<C extends 1 | 2>(error: unknown, exitCode: C, before = ''): C {
    this.#state = 'failed';
    this.#reason = `${before}${this.explain(errorText(error))}`;
    this.beginning.ended();
    const code = error instanceof FdpError ? error.code : 'FDP_INTERNAL';
    this.#parts.failed(this, { reason: this.#reason, code });
    return exitCode;
  }
}

/** 2 if the pipeline asks for something impossible that only showed at run time; otherwise 1. */
function exitCodeOf(error: unknown): 1 | 2 {
  const isSpec = error instanceof FdpError && (error.code === 'FDP_SPEC_INVALID' || error.code === 'FDP_NOT_SUPPORTED');
  return isSpec ? 2 : 1;
}
