import {
  type Guarantee,
  type GuaranteeLimit,
  guarantees,
  type SinkGuarantee,
  type SourceGuarantee,
} from '../../kit/guarantee.ts';
import type { SourceRange } from '../read/source.ts';
import { type BranchSpec, chainOf, inputOf, type OperatorSpec, type TopologySpec, type UseSpec } from '../spec.ts';
import { noDeadLetter } from './structure.ts';

/** A component that the messages of a path go through. */
export interface Hop {
  readonly kind: 'source' | 'operator' | 'sink' | 'dead_letter';
  /** Of a connector its name, of an operator its type. */
  readonly name: string;
  readonly range: SourceRange;
}

/** What a hop takes from the guarantee of its path. */
export interface Weakness extends GuaranteeLimit {
  readonly hop: Hop;
  /** What is left of it: a loss leaves `at_most_once`, a repetition `at_least_once`. */
  readonly guarantee: Guarantee;
}

/** What messages go through from the source of a topology to one of its sinks, or through a route. */
export interface GuaranteedPath {
  readonly topology: string;
  /** The name of the branch, or the route. */
  readonly name: string;
  readonly hops: readonly Hop[];
  readonly bestEffort: boolean;
  readonly guarantee: Guarantee;
  /** In the order of the flow. */
  readonly weaknesses: readonly Weakness[];
  /** The first of those that leave the least; undefined where there are none. */
  readonly weakest: Weakness | undefined;
  /** Why it is effectively once, as a sentence without its full stop; undefined where it is not. */
  readonly why: string | undefined;
}

/** The paths of a topology without mistakes, each with what it guarantees: as weak as its weakest hop. */
export function pathsOf(topology: TopologySpec): readonly GuaranteedPath[] {
  const { name, source, branches, routes } = topology;
  if (!source) return [];
  const first = hopOf('source', source);
  const ofRoutes = routes.map(({ route, operators }) =>
    pathOf({ topology: name, name: route, hops: [first, ...operators.map(operatorHop)], bestEffort: false }, [
      ...sourceWeaknesses(source),
    ]),
  );
  return [...ofRoutes, ...branches.map((branch) => branchPath(topology, source, branch))];
}

/** The weaker of two. */
export function weaker(one: Guarantee, other: Guarantee): Guarantee {
  return guarantees.indexOf(one) <= guarantees.indexOf(other) ? one : other;
}

function branchPath(topology: TopologySpec, source: UseSpec, branch: BranchSpec): GuaranteedPath {
  const { sink, bestEffort } = branch;
  const given = sinkGuarantee(topology, branch);
  const [first, last] = [hopOf('source', source), hopOf('sink', sink)];
  const weaknesses = [
    ...sourceWeaknesses(source),
    ...operatorWeaknesses(chainOf(topology, branch), sourceGuarantee(source)),
    ...(bestEffort ? [weakness(last, 'at_most_once', dropped)] : []),
    ...(given.loses ? [weakness(last, 'at_most_once', given.loses)] : []),
    ...(given.repeats ? [weakness(last, 'at_least_once', given.repeats)] : []),
    ...deadLetterWeaknesses(topology),
  ];
  const knows = given.knows ?? 'stores nothing twice';
  return {
    ...pathOf(
      { topology: topology.name, name: branch.name, hops: hopsTo(topology, branch, first), bestEffort },
      weaknesses,
    ),
    why:
      weaknesses.length > 0 ? undefined : `${first.name} reads again what was not committed, and ${last.name} ${knows}`,
  };
}

function pathOf(
  path: Pick<GuaranteedPath, 'topology' | 'name' | 'hops' | 'bestEffort'>,
  weaknesses: readonly Weakness[],
): GuaranteedPath {
  const guarantee = weaknesses.reduce<Guarantee>((all, each) => weaker(all, each.guarantee), 'effectively_once');
  const weakest = weaknesses.find((each) => each.guarantee === guarantee);
  return { ...path, guarantee, weaknesses, weakest, why: undefined };
}

/** The hops of the branch that it follows, or the topology's, and its own. */
function hopsTo(topology: TopologySpec, branch: BranchSpec, first: Hop): readonly Hop[] {
  const before = topology.branches.find(({ name }) => name === branch.after?.name);
  const earlier = before ? hopsTo(topology, before, first) : [first, ...topology.operators.map(operatorHop)];
  return [...earlier, ...branch.operators.map(operatorHop), hopOf('sink', branch.sink)];
}

function hopOf(kind: Hop['kind'], { connector, range }: UseSpec): Hop {
  return { kind, name: connector?.name ?? '', range };
}

function operatorHop({ type, range }: OperatorSpec): Hop {
  return { kind: 'operator', name: type, range };
}

function weakness(hop: Hop, guarantee: Guarantee, limit: GuaranteeLimit): Weakness {
  return { hop, guarantee, why: limit.why, ...(limit.cure === undefined ? {} : { cure: limit.cure }) };
}

// ---- what the declarations say ----------------------------------------------------------------------------------

const unknown: GuaranteeLimit = { why: 'its declaration promises nothing', cure: 'declare its `guarantee`' };
const dropped: GuaranteeLimit = {
  why: 'it is `best_effort`: what it can not take at once is dropped',
  cure: 'leave out `best_effort`',
};

function sourceGuarantee({ connector, usage }: UseSpec): SourceGuarantee {
  return connector?.declaration?.source?.guarantee?.(connector.options, usage) ?? { loses: unknown };
}

function sinkGuarantee(topology: TopologySpec, branch: BranchSpec): SinkGuarantee {
  const { connector } = branch.sink;
  const sourceReplays = topology.source !== undefined && sourceGuarantee(topology.source).loses === undefined;
  const input = { input: inputOf(topology, branch), sourceReplays };
  return connector?.declaration?.sink?.guarantee?.(connector.options, input) ?? { loses: unknown };
}

function sourceWeaknesses(source: UseSpec): readonly Weakness[] {
  const { loses } = sourceGuarantee(source);
  return loses ? [weakness(hopOf('source', source), 'at_most_once', loses)] : [];
}

/** A message that is read again must become the same: it does if nothing but the message decides what it becomes. */
function operatorWeaknesses(operators: readonly OperatorSpec[], { warmUpMs = 0 }: SourceGuarantee): Weakness[] {
  return operators.flatMap((operator) => {
    const { declaration, options } = operator;
    if (!declaration || declaration.stateless) return [];
    if (!declaration.state) return [weakness(operatorHop(operator), 'at_least_once', unknown)];
    const state = declaration.state(options);
    const isRestored = state?.ms !== undefined && warmUpMs >= state.ms;
    return state && !isRestored ? [weakness(operatorHop(operator), 'at_least_once', state)] : [];
  });
}

/** Whatever can be rejected is lost with its dead letter. */
function deadLetterWeaknesses({ deadLetter, entry }: TopologySpec): readonly Weakness[] {
  if (!deadLetter) {
    const hop: Hop = { kind: 'dead_letter', name: `dead_letter: ${noDeadLetter}`, range: entry.key };
    const why = 'a message that is rejected is logged and counted, and kept nowhere';
    return [weakness(hop, 'at_most_once', { why, cure: 'name a `dead_letter`' })];
  }
  const { connector } = deadLetter;
  const input = { input: 'rows', sourceReplays: true } as const;
  const { loses } = connector?.declaration?.sink?.guarantee?.(connector.options, input) ?? { loses: unknown };
  return loses ? [weakness(hopOf('dead_letter', deadLetter), 'at_most_once', loses)] : [];
}
