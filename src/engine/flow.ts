import {
  catchError,
  concat,
  connect,
  defer,
  EMPTY,
  ignoreElements,
  type MonoTypeOperatorFunction,
  merge,
  mergeMap,
  Observable,
  pipe,
  takeUntil,
  tap,
} from 'rxjs';
import { FdpError, isRetriable, messageOf as textOf } from '../errors.ts';
import { Backoff } from './backoff.ts';
import { bestEffort } from './best-effort.ts';
import { endedWithin, linkedAbort } from './clock.ts';
import type { Connector, Environment, Lane, Lookup, Role, Sink, Source } from './component.ts';
import { DeadLetters } from './dead-letter.ts';
import { Delivery } from './delivery.ts';
import type { Graph } from './graph.ts';
import { inOrder } from './in-order.ts';
import { LaneReader } from './lane-reader.ts';
import { markProblem } from './mark-check.ts';
import type { Batch } from './message.ts';
import type { Node } from './node.ts';
import { Permits } from './permits.ts';
import type { BranchPlan, OperatorPlan, Settings, TopologyPlan } from './plan.ts';
import type { Tally } from './tally.ts';
import { Outcome } from './track.ts';

export interface FlowParts {
  readonly plan: TopologyPlan;
  readonly settings: Settings;
  readonly environment: Environment;
  readonly graph: Graph;
  readonly tally: Tally;
  /** The one instance of a connector in this process. */
  connector(name: string): Promise<Connector>;
  /** Aborts when the intake stops. */
  readonly draining: AbortSignal;
  /** Aborts when the stop is forced. */
  readonly forced: AbortSignal;
}

/** How long a role may take to close, ms. */
const closeMs = 5000;

type BatchOperator = MonoTypeOperatorFunction<Batch>;

/**
 * One run of a topology, from connecting its roles to closing them. Resolves when the source has no more to give, or a
 * drain is over; rejects when a node is dead, with everything in flight released and every role closed.
 */
export class Flow {
  readonly #parts: FlowParts;
  readonly #killed: { controller: AbortController; release: () => void };
  readonly #permits: Permits;
  readonly #readers = new Set<LaneReader>();
  readonly #sinks = new Map<string, Sink>();
  readonly #lookups = new Map<string, { readonly role: Lookup; connected: boolean }>();
  readonly #background: Promise<void>[] = [];
  #source: Source | undefined;
  #deadLetterSink: Sink | undefined;
  #failure: { readonly error: unknown } | undefined;
  deadLetters: DeadLetters | undefined;

  constructor(parts: FlowParts) {
    this.#parts = parts;
    this.#killed = linkedAbort(parts.forced);
    const { topologyBatches, topologyBytes } = parts.settings.limits;
    this.#permits = new Permits(topologyBatches, topologyBytes);
  }

  /** When the oldest message in flight was read, monotonic ms. */
  get oldest(): number | undefined {
    const ages = [...this.#readers].map((reader) => reader.oldest).filter((age) => age !== undefined);
    return ages.length > 0 ? Math.min(...ages) : undefined;
  }

  lag(): number | undefined {
    return this.#source?.lag?.();
  }

  async run(): Promise<void> {
    try {
      const source = await this.#connect();
      if (source && !this.#parts.draining.aborted) await this.#flow(source);
    } catch (error) {
      this.#fail(error);
    }
    await this.deadLetters?.idle();
    await this.#close();
    if (this.#failure) throw this.#failure.error;
  }

  /** The run can't go on: what is in flight is released. The first reason counts. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#killed.controller.abort();
  }

  // ---- roles ----------------------------------------------------------------------------------------------------

  /** The source, once it is its turn and every sink is connected; undefined when a stop came first. */
  async #connect(): Promise<Source | undefined> {
    const { plan, graph } = this.#parts;
    const source = await this.#makeSource();
    for (const branch of plan.branches) this.#sinks.set(branch.name, await this.#makeSink(branch));
    const deadLetter = await this.#makeDeadLetter();
    await this.#makeLookups();
    if (!(await this.#connectRole(source, graph.source))) return undefined;
    const takenOver = source.takenOver ?? false;
    const sinks = plan.branches.map(
      (branch) => [this.#sinks.get(branch.name) as Sink, this.#branchNodes(branch).sink] as const,
    );
    if (deadLetter && graph.deadLetter) sinks.push([deadLetter, graph.deadLetter]);
    const connected = await Promise.all(sinks.map(([sink, node]) => this.#connectRole(sink, node, takenOver)));
    return connected.every((done) => done) ? source : undefined;
  }

  async #makeSource(): Promise<Source> {
    const { plan, graph } = this.#parts;
    const { connector, usage } = plan.source;
    const made = (await this.#parts.connector(connector)).source?.(usage, this.#context(graph.source, 'rows'));
    this.#source = present(made, connector, 'source');
    return this.#source;
  }

  async #makeSink(branch: BranchPlan): Promise<Sink> {
    const connector = await this.#parts.connector(branch.connector);
    const context = this.#context(this.#branchNodes(branch).sink, branch.input);
    return present(connector.sink?.(branch.usage, context), branch.connector, 'sink');
  }

  async #makeDeadLetter(): Promise<Sink | undefined> {
    const { plan, graph, environment } = this.#parts;
    if (plan.deadLetter === undefined || graph.deadLetter === undefined) return undefined;
    const connector = await this.#parts.connector(plan.deadLetter);
    const node = graph.deadLetter;
    const sink = present(connector.sink?.({}, this.#context(node, 'rows')), plan.deadLetter, 'sink');
    this.#deadLetterSink = sink;
    this.deadLetters = new DeadLetters({ sink, node, environment, killed: this.#killed.controller.signal });
    return sink;
  }

  /** Lookups connect in the background: a request is told at once that a store is away. */
  async #makeLookups(): Promise<void> {
    for (const [name, node] of this.#parts.graph.lookups) {
      const connector = await this.#parts.connector(name);
      const lookup = {
        role: present(connector.lookup?.(this.#context(node, 'rows')), name, 'lookup'),
        connected: false,
      };
      this.#lookups.set(name, lookup);
      const connected = this.#connectRole(lookup.role, node).then((done) => {
        lookup.connected = done;
      });
      this.#background.push(connected.catch((error) => this.#fail(error)));
    }
  }

  /** Connects a role, patiently; false when a stop came first. */
  async #connectRole(role: Role, node: Node, takenOver = false): Promise<boolean> {
    const { environment, draining } = this.#parts;
    const stop = linkedAbort(draining, this.#killed.controller.signal);
    const { signal } = stop.controller;
    const backoff = new Backoff(environment);
    node.is('connecting');
    try {
      while (!signal.aborted) {
        try {
          await role.connect(signal, { takenOver });
          if (signal.aborted) break;
          node.is('ok');
          return true;
        } catch (error) {
          if (signal.aborted) break;
          if (!isRetriable(error)) {
            node.is('failed', textOf(error));
            throw error;
          }
          node.is('connecting', textOf(error));
          await backoff.wait(signal);
        }
      }
      return false;
    } finally {
      stop.release();
    }
  }

  async #close(): Promise<void> {
    this.#killed.controller.abort();
    await Promise.all(this.#background);
    const roles: (Role | undefined)[] = [
      ...this.#sinks.values(),
      ...[...this.#lookups.values()].map(({ role }) => role),
      this.#deadLetterSink,
    ];
    // The source last: with it goes the lease, and whoever takes over opens the same ports.
    await Promise.all(roles.map((role) => this.#closeRole(role)));
    await this.#closeRole(this.#source);
    this.#killed.release();
  }

  async #closeRole(role: Role | undefined): Promise<void> {
    const { environment, plan } = this.#parts;
    const warn = (text: string) => environment.log.warn({ topology: plan.name }, `${plan.name}: closing: ${text}`);
    const closed = Promise.resolve(role?.close());
    closed.catch((error) => warn(textOf(error)));
    if (!(await endedWithin(environment.clock, closeMs, closed))) warn(`not done within ${closeMs} ms`);
  }

  #context(node: Node, input: 'rows' | 'merges') {
    const { environment, plan } = this.#parts;
    const sourceReplays = this.#source?.replayable ?? true;
    return {
      ...environment,
      node,
      input,
      sourceReplays,
      topology: plan.name,
      routes: plan.routes.map(({ route }) => route),
    };
  }

  #branchNodes(branch: BranchPlan) {
    return present(this.#parts.graph.branches.get(branch.name), branch.name, 'sink');
  }

  // ---- messages -------------------------------------------------------------------------------------------------

  async #flow(source: Source): Promise<void> {
    const { draining, plan } = this.#parts;
    const stop = linkedAbort(draining, this.#killed.controller.signal);
    const chains = new Map<string | undefined, BatchOperator>();
    if (plan.routes.length === 0) chains.set(undefined, this.#mainChain());
    for (const { route, operators } of plan.routes)
      chains.set(route, this.#operators(operators, this.#parts.graph.routes.get(route) ?? []));
    await new Promise<void>((resolve) => {
      source.lanes
        .pipe(
          takeUntil(aborted(stop.controller.signal)),
          catchError((error) => {
            this.#fail(error);
            return EMPTY;
          }),
          mergeMap((lane) => this.#runLane(lane, source, chains.get(lane.chain) ?? pipe())),
        )
        .subscribe({ complete: resolve });
    });
    stop.release();
  }

  #runLane(lane: Lane, source: Source, chain: BatchOperator): Observable<unknown> {
    const { environment, graph, tally, settings, draining } = this.#parts;
    const reader = new LaneReader(lane, {
      environment,
      tally,
      draining,
      node: graph.source,
      limits: settings.limits,
      topologyPermits: this.#permits,
      replayable: source.replayable,
      killed: this.#killed.controller.signal,
      fail: (error) => this.#fail(error),
      misfit: (given) => this.#misfit(given),
    });
    this.#readers.add(reader);
    const finish = defer(async () => {
      await reader.finish();
      this.#readers.delete(reader);
    });
    const run = reader.batches.pipe(
      chain,
      lane.request ? tap((batch) => this.#reply(batch, reader)) : pipe(),
      ignoreElements(),
    );
    return concat(
      run.pipe(
        catchError((error) => {
          this.#fail(error);
          return EMPTY;
        }),
      ),
      finish,
    );
  }

  async #misfit(lane: Lane): Promise<string | undefined> {
    const { name } = this.#parts.plan;
    for (const [branch, sink] of this.#sinks) {
      const problem = await markProblem(lane, branch, sink);
      if (problem) return `${problem}: stop ${name} and run "fdp-run positions forget --topology ${name}"`;
    }
    return undefined;
  }

  /** What is left of a request's messages has been shown in its reply. */
  #reply(batch: Batch, reader: LaneReader): void {
    for (const message of batch.messages) message.track.end(Outcome.delivered);
    reader.replied();
  }

  #mainChain(): BatchOperator {
    const { plan, graph } = this.#parts;
    const roots = plan.branches.filter((branch) => branch.after === undefined);
    return pipe(this.#operators(plan.operators, graph.operators), shareOut(roots), this.#fanOut(roots));
  }

  #operators(operators: readonly OperatorPlan[], nodes: readonly Node[]): BatchOperator {
    const made = operators.map(({ declaration, options }, place) => {
      const node = present(nodes[place], declaration.type, 'operator');
      node.is('ok');
      return declaration.create(options, { ...this.#parts.environment, node, lookup: (name) => this.#lookup(name) });
    });
    return (batches) => made.reduce((stream, operator) => stream.pipe(operator), batches);
  }

  #lookup(name: string): Pick<Lookup, 'find'> {
    const lookup = present(this.#lookups.get(name), name, 'lookup');
    const away = () => new FdpError('FDP_UNAVAILABLE', `${name}: the store can't be reached yet`);
    return {
      find: async (query, signal) => {
        if (!lookup.connected) throw away();
        return lookup.role.find(query, signal);
      },
    };
  }

  #fanOut(branches: readonly BranchPlan[]): BatchOperator {
    const [only, ...others] = branches.map((branch) => this.#branch(branch));
    if (only === undefined) return ignoreElements();
    if (others.length === 0) return only;
    return connect((shared) => merge(...[only, ...others].map((branch) => shared.pipe(branch))));
  }

  #branch(branch: BranchPlan): BatchOperator {
    const { plan, settings, environment } = this.#parts;
    const nodes = this.#branchNodes(branch);
    const sink = present(this.#sinks.get(branch.name), branch.name, 'sink');
    const followers = plan.branches.filter(({ after }) => after === branch.name);
    const delivery = new Delivery({
      sink,
      environment,
      node: nodes.sink,
      writeTimeoutMs: settings.writeTimeoutMs,
      killed: this.#killed.controller.signal,
      followers: { any: followers.length > 0, settling: settling(followers).length },
    });
    return pipe(
      branch.bestEffort ? bestEffort(nodes.sink) : pipe(),
      this.#operators(branch.operators, nodes.operators),
      tap((batch) => delivery.arrive(batch)),
      inOrder((batch) => delivery.deliver(batch), sink.ordered ? 1 : (sink.maxInFlight ?? 1)),
      this.#fanOut(followers),
    );
  }
}

function settling(branches: readonly BranchPlan[]): BranchPlan[] {
  return branches.filter((branch) => !branch.bestEffort);
}

/** From here on each settling branch has a message of its own. */
function shareOut(branches: readonly BranchPlan[]): BatchOperator {
  const more = settling(branches).length - 1;
  if (more <= 0) return pipe();
  return tap((batch) => {
    if (!batch.warmUp) for (const message of batch.messages) message.track.fork(more);
  });
}

function aborted(signal: AbortSignal): Observable<void> {
  return new Observable((subscriber) => {
    const end = () => subscriber.next();
    if (signal.aborted) end();
    else signal.addEventListener('abort', end);
    return () => signal.removeEventListener('abort', end);
  });
}

/** The spec reader has checked that it is there; this says so to the compiler, and to whoever hands over a plan by hand. */
function present<T>(value: T | undefined, name: string, role: string): T {
  if (value === undefined) throw new FdpError('FDP_INTERNAL', `${name}: has no ${role} role`);
  return value;
}
