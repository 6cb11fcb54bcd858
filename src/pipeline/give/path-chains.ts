import type { Guarantee } from '../../kit/guarantee.ts';
import { type GuaranteedPath, pathsOf, type Weakness, weaker } from '../check/paths.ts';
import type { ConnectorSpec, TopologySpec } from '../spec.ts';

/** Paths of several topologies, each of which reads the log that the one before it writes. */
export interface PathChain {
  readonly paths: readonly GuaranteedPath[];
  /** As weak as the weakest of its paths. */
  readonly guarantee: Guarantee;
  readonly weakest: Weakness | undefined;
  /** Where the rest of the chain, from a log on, guarantees more. */
  readonly onward: { readonly from: string; readonly guarantee: Guarantee } | undefined;
}

interface Step {
  readonly path: GuaranteedPath;
  /** The names of the logs that it reads and writes. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** Every chain of two and more paths, from a source that no topology fills to a sink that none reads. */
export function chainsOf(topologies: readonly TopologySpec[]): readonly PathChain[] {
  const steps = topologies.flatMap(stepsOf);
  const nextOf = ({ writes }: Step) => steps.filter(({ reads }) => reads.some((name) => writes.includes(name)));
  const isFilled = (step: Step) => steps.some((other) => other !== step && nextOf(other).includes(step));
  const from = (step: Step, before: readonly Step[]): readonly (readonly Step[])[] => {
    const seen = [...before, step];
    const next = nextOf(step).filter(({ path }) => !seen.some((each) => each.path.topology === path.topology));
    return next.length === 0 ? [seen] : next.flatMap((each) => from(each, seen));
  };
  return steps
    .filter((step) => !isFilled(step))
    .flatMap((step) => from(step, []))
    .filter(({ length }) => length > 1)
    .map((chain) => chainOf(chain.map(({ path }) => path)));
}

function stepsOf(topology: TopologySpec): readonly Step[] {
  const reads = logNames(topology.source?.connector);
  return pathsOf(topology).map((path) => {
    const branch = topology.branches.find(({ name }) => name === path.name);
    return { path, reads, writes: logNames(branch?.sink.connector) };
  });
}

/** The names of a log; none for anything else. */
function logNames(connector: ConnectorSpec | undefined): readonly string[] {
  if (!connector?.valid || connector.declaration?.family !== 'log') return [];
  const { logNames: names, type } = connector.declaration;
  const all = names?.(connector.options) ?? [connector.name];
  return all.map((name) => `${type} ${name}`);
}

function chainOf(paths: readonly GuaranteedPath[]): PathChain {
  const guarantee = weakestOf(paths);
  const weakest = paths.find((path) => path.guarantee === guarantee)?.weakest;
  return { paths, guarantee, weakest, onward: onwardOf(paths, guarantee) };
}

function onwardOf(paths: readonly GuaranteedPath[], whole: Guarantee): PathChain['onward'] {
  const rest = paths.findIndex((_, index) => weakestOf(paths.slice(index)) !== whole);
  const from = paths[rest]?.hops[0]?.name;
  return from === undefined ? undefined : { from, guarantee: weakestOf(paths.slice(rest)) };
}

function weakestOf(paths: readonly GuaranteedPath[]): Guarantee {
  return paths.reduce<Guarantee>((all, path) => weaker(all, path.guarantee), 'effectively_once');
}
