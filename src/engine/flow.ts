import { concat, defer, finalize, ignoreElements, mergeMap, Observable, pipe, takeUntil } from 'rxjs';
import { errorText } from '../errors.ts';
import { linkedAbort, onAbort } from '../kit/clock.ts';
import { Permits } from '../kit/permits.ts';
import type { RequestContext } from '../kit/request.ts';
import { absorbableBatches } from '../kit/sink.ts';
import type { Lane, Source } from '../kit/source.ts';
import { type BatchOperator, Chains, failing, settling } from './chains.ts';
import { DeadLetters } from './delivery/dead-letter.ts';
import { LaneReader } from './intake/lane-reader.ts';
import type { Uncommitted } from './intake/ledger.ts';
import { RequestRun } from './intake/request-run.ts';
import type { MessageCounters } from './message-counters.ts';
import { FlowOutcomes } from './outcomes.ts';
import type { Settings } from './plan.ts';
import { markProblem } from './recovery/counter-check.ts';
import type { Proofs } from './recovery/proofs.ts';
import { rewindToStores } from './recovery/store-check.ts';
import { present, Roles, type RolesParts } from './roles.ts';

export interface FlowParts extends Omit<RolesParts, 'outcomes' | 'killed' | 'fail' | 'lose'> {
  readonly settings: Settings;
  readonly counters: MessageCounters;
  /** Aborts when the stop is forced. */
  readonly forced: AbortSignal;
}

/**
 * One run of a topology, from connecting its roles to closing them. Resolves when the source has no more to give, or a
 * drain is over; rejects when a node is dead, with everything in flight released and every role closed.
 */
export class Flow {
  readonly #parts: FlowParts;
  readonly #killed: { controller: AbortController; release: () => void };
  readonly #permits: Permits;
  readonly #readers = new Set<LaneReader>();
  readonly #requests = new Set<RequestRun>();
  readonly #roles: Roles;
  readonly #outcomes: FlowOutcomes;
  /** One per best-effort branch: a fatal error ends that branch only. */
  readonly #loose = new Map<string, AbortController>();
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: FlowParts) {
    this.#parts = parts;
    this.#killed = linkedAbort(parts.forced);
    const { topologyBatches, topologyBytes } = parts.settings.limits;
    this.#permits = new Permits(topologyBatches, topologyBytes);
    const killed = this.#killed.controller.signal;
    for (const branch of parts.plan.branches.filter((each) => each.bestEffort))
      this.#loose.set(branch.name, linkedAbort(killed).controller);
    const lose = (branch: string, error: unknown) => this.#lose(branch, error);
    onAbort(killed, () => {
      for (const request of this.#requests) request.giveUp();
    });
    this.#outcomes = new FlowOutcomes({ ...parts, topology: parts.plan.name });
    const outcomes = this.#outcomes;
    this.#roles = new Roles({ ...parts, outcomes, killed, fail: (error) => this.#fail(error), lose });
  }

  /** When the oldest message in flight was read, monotonic ms. */
  get oldest(): number | undefined {
    const ages = [...this.#readers, ...this.#requests].map((each) => each.oldest).filter((age) => age !== undefined);
    return ages.length > 0 ? Math.min(...ages) : undefined;
  }

  /** Messages that have ended but whose position is not committed yet, by lane. */
  get uncommitted(): readonly Uncommitted[] {
    return [...this.#readers].map((reader) => reader.uncommitted).filter((each) => each !== undefined);
  }

  /** The partitions that this process reads, in order; undefined if the source is not a log. */
  get partitions(): readonly number[] | undefined {
    const all = [...this.#readers].map(({ partition }) => partition).filter((each) => each !== undefined);
    return all.length === 0 ? undefined : all.sort((a, b) => a - b);
  }

  lag(): number | undefined {
    return this.#roles.source?.lag?.();
  }

  async run(): Promise<void> {
    try {
      await this.#roles.make();
      this.#outcomes.deadLetters = this.#makeDeadLetters();
      const source = await this.#roles.connect();
      await source?.resume?.([...this.#roles.sinks.values()], this.#parts.draining);
      if (source && !this.#parts.draining.aborted) await this.#flow(source);
    } catch (error) {
      this.#fail(error);
    }
    await this.#outcomes.end();
    this.#killed.controller.abort();
    await this.#roles.close();
    this.#killed.release();
    if (this.#failure) throw this.#failure.error;
  }

  /** Ends the run: messages in flight are released. The first error is kept. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#killed.controller.abort();
  }

  /** Stops one best-effort branch: the others continue, and the topology is not ready until it is restarted. */
  #lose(branch: string, error: unknown): void {
    const life = present(this.#loose.get(branch), branch, 'best-effort');
    if (life.signal.aborted) return;
    life.abort();
    const { plan, graph, environment } = this.#parts;
    const { sink } = present(graph.branches.get(branch), branch, 'sink');
    sink.is('failed', errorText(error));
    const text = `${sink.reason}: ${plan.name} continues without ${branch}`;
    environment.log.error({ topology: plan.name, sink: branch }, text);
  }

  #makeDeadLetters(): DeadLetters | undefined {
    const { graph, environment, settings, draining } = this.#parts;
    const { deadLetter: sink } = this.#roles;
    if (!sink || !graph.deadLetter) return undefined;
    const { writeTimeoutMs } = settings;
    const killed = this.#killed.controller.signal;
    return new DeadLetters({ sink, node: graph.deadLetter, environment, writeTimeoutMs, killed, draining });
  }

  async #flow(source: Source): Promise<void> {
    const fail = (error: unknown) => this.#fail(error);
    const chains = new Chains({
      ...this.#parts,
      fail,
      roles: this.#roles,
      outcomes: this.#outcomes,
      life: (branch) => (this.#loose.get(branch) ?? this.#killed.controller).signal,
      lose: (branch, error) => this.#lose(branch, error),
    }).make();
    const stop = linkedAbort(this.#parts.draining, this.#killed.controller.signal);
    await new Promise<void>((resolve) => {
      source.lanes
        .pipe(
          takeUntil(aborted(stop.controller.signal)),
          failing(fail),
          mergeMap((lane) => {
            const chain = chains.get(lane.chain) ?? pipe();
            return lane.request ? this.#runRequest(lane, lane.request, chain) : this.#runLane(lane, source, chain);
          }),
        )
        .subscribe({ complete: resolve });
    });
    stop.release();
  }

  #runRequest(lane: Lane, request: RequestContext, chain: BatchOperator): Observable<unknown> {
    const { environment, graph, counters } = this.#parts;
    const run = new RequestRun(lane, request, { environment, counters, node: graph.source });
    this.#requests.add(run);
    return run.through(chain).pipe(finalize(() => this.#requests.delete(run)));
  }

  #runLane(lane: Lane, source: Source, chain: BatchOperator): Observable<unknown> {
    const { environment, graph, counters, settings, draining } = this.#parts;
    const reader = new LaneReader(lane, {
      environment,
      counters,
      draining,
      node: graph.source,
      outcomes: this.#outcomes.at(graph.source),
      limits: settings.limits,
      topologyPermits: this.#permits,
      replayable: source.replayable,
      absorbable: [...this.#roles.sinks.values()].some(({ gathering }) => gathering) ? absorbableBatches : 0,
      killed: this.#killed.controller.signal,
      fail: (error) => this.#fail(error),
      logMismatch: (given) => this.#logMismatch(given),
      rewind: (given, proofs) => this.#rewindToStores(given, proofs),
    });
    this.#readers.add(reader);
    const finish = defer(async () => {
      await reader.finish();
      this.#readers.delete(reader);
    });
    const ended = reader.batches.pipe(
      chain,
      ignoreElements(),
      failing((error) => this.#fail(error)),
    );
    return concat(ended, finish);
  }

  async #logMismatch(lane: Lane): Promise<string | undefined> {
    const { name, branches } = this.#parts.plan;
    for (const { name: branch } of settling(branches)) {
      const sink = present(this.#roles.sinks.get(branch), branch, 'sink');
      const problem = await markProblem(lane, branch, sink);
      if (problem) return `${problem}: stop ${name} and run "fdp counters forget --topology ${name}"`;
    }
    return undefined;
  }

  #rewindToStores(lane: Lane, proofs: Proofs): Promise<void> {
    const { plan, graph, environment } = this.#parts;
    const names = settling(plan.branches).map(({ name }) => name);
    const sinks = new Map(names.map((name) => [name, present(this.#roles.sinks.get(name), name, 'sink')]));
    return rewindToStores(lane, { sinks, proofs, node: graph.source, log: environment.log });
  }
}

function aborted(signal: AbortSignal): Observable<void> {
  return new Observable((subscriber) => onAbort(signal, () => subscriber.next()));
}
