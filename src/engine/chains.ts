import { catchError, connect, EMPTY, ignoreElements, type MonoTypeOperatorFunction, merge, pipe, tap } from 'rxjs';
import type { Batch } from '../kit/message.ts';
import type { NodeStats } from '../kit/node-stats.ts';
import type { Meta } from '../kit/origin.ts';
import { outcomesOfAbsorbed } from '../kit/outcomes.ts';
import { bestEffort } from './delivery/best-effort.ts';
import { Delivery } from './delivery/delivery.ts';
import { inOrder } from './delivery/in-order.ts';
import type { BranchPlan, OperatorPlan, Settings } from './plan.ts';
import { present, type Roles, type RolesParts } from './roles.ts';

export type BatchOperator = MonoTypeOperatorFunction<Batch>;

interface ChainsParts extends Pick<RolesParts, 'plan' | 'graph' | 'environment' | 'outcomes' | 'draining'> {
  readonly settings: Settings;
  readonly roles: Roles;
  /** Aborts when a branch's messages in flight are to be released. */
  life(branch: string): AbortSignal;
  /** Called when the run can't continue. */
  fail(error: unknown): void;
  /** Called when a best-effort branch can't continue. */
  lose(branch: string, error: unknown): void;
}

/** Processes batches after they are read: the operators and sinks of a plan as one RxJS operator. */
export class Chains {
  readonly #parts: ChainsParts;

  constructor(parts: ChainsParts) {
    this.#parts = parts;
  }

  /** The chain of each route; the one of all other lanes is under undefined. */
  make(): ReadonlyMap<string | undefined, BatchOperator> {
    const { plan, graph } = this.#parts;
    const chains = new Map<string | undefined, BatchOperator>();
    if (plan.routes.length === 0) chains.set(undefined, this.#main());
    for (const { route, operators } of plan.routes)
      chains.set(route, this.#operators(operators, graph.routes.get(route) ?? []));
    return chains;
  }

  #main(): BatchOperator {
    const { plan, graph, fail } = this.#parts;
    const roots = plan.branches.filter((branch) => branch.after === undefined);
    return pipe(this.#operators(plan.operators, graph.operators), failing(fail), shareOut(roots), this.#fanOut(roots));
  }

  #operators(operators: readonly OperatorPlan[], nodes: readonly NodeStats[]): BatchOperator {
    const { environment, outcomes, roles } = this.#parts;
    const made = operators.map(({ declaration, options }, index) => {
      const node = present(nodes[index], declaration.type, 'operator');
      node.is('ok');
      const lookup = (name: string) => roles.lookup(name);
      return declaration.create(options, { ...environment, node, outcomes: outcomes.at(node), lookup });
    });
    return (batches) => made.reduce((stream, operator) => stream.pipe(operator), batches);
  }

  /** @param storedBefore what the preceding sink had stored before, if they follow one */
  #fanOut(branches: readonly BranchPlan[], storedBefore?: WeakSet<Meta>): BatchOperator {
    const [only, ...others] = branches.map((branch) => this.#branch(branch, storedBefore));
    if (only === undefined) return ignoreElements();
    if (others.length === 0) return only;
    return connect((shared) => merge(...[only, ...others].map((branch) => shared.pipe(branch))));
  }

  #branch(branch: BranchPlan, before: WeakSet<Meta> | undefined): BatchOperator {
    const { plan, settings, environment, graph, roles, outcomes, draining, life, fail, lose } = this.#parts;
    const nodes = present(graph.branches.get(branch.name), branch.name, 'sink');
    const sink = present(roles.sinks.get(branch.name), branch.name, 'sink');
    const followers = plan.branches.filter(({ after }) => after === branch.name);
    // What followers get is held by permits: it can't be absorbed here.
    const gathering = followers.length === 0 && !branch.bestEffort ? sink.gathering : undefined;
    const storedBefore = new WeakSet<Meta>();
    const delivery = new Delivery({
      sink,
      environment,
      draining,
      node: nodes.sink,
      outcomes: gathering ? outcomesOfAbsorbed(outcomes.at(nodes.sink)) : outcomes.at(nodes.sink),
      branch: branch.name,
      gathers: gathering !== undefined,
      bestEffort: branch.bestEffort,
      writeTimeoutMs: settings.writeTimeoutMs,
      killed: life(branch.name),
      followers: { any: followers.length > 0, settling: settling(followers).length },
      storedBefore,
      mayBeCounted: branch.input === 'merges' ? before : undefined,
      fail: (error) => (branch.bestEffort ? lose(branch.name, error) : fail(error)),
    });
    return pipe(
      branch.bestEffort ? bestEffort(nodes.sink, environment.clock) : pipe(),
      this.#operators(branch.operators, nodes.operators),
      failing(fail),
      tap(delivery.arrive),
      gathering?.lane(delivery.deliver, ({ meta }) => before?.has(meta) ?? false) ??
        inOrder(delivery.deliver, sink.ordered ? 1 : (sink.maxInFlight ?? 1)),
      this.#fanOut(followers, storedBefore),
    );
  }
}

/** An error ends the run, and completes the stream: messages further downstream are released there. */
export function failing<T>(fail: (error: unknown) => void): MonoTypeOperatorFunction<T> {
  return catchError((error) => {
    fail(error);
    return EMPTY;
  });
}

export function settling(branches: readonly BranchPlan[]): BranchPlan[] {
  return branches.filter((branch) => !branch.bestEffort);
}

/** Forks the track of each message, once per settling branch. */
function shareOut(branches: readonly BranchPlan[]): BatchOperator {
  const more = settling(branches).length - 1;
  if (more <= 0) return pipe();
  return tap((batch) => {
    if (!batch.warmUp) for (const message of batch.messages) message.track.fork(more);
  });
}
