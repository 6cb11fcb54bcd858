import type { Problem } from '../../pipeline/problem.ts';
import { readSpec } from '../../pipeline/read.ts';
import type { TestFault } from '../../pipeline/tests/model.ts';
import type { SpecRequest } from '../validate.ts';
import { chainOf, type Link } from './chain.ts';
import { numbersOf, type SimulateFlags } from './flags.ts';
import { faultsIn, plansOf } from './plans.ts';
import { scheduleOf } from './schedule.ts';

/** What a simulation runs, before its seed is known. */
export interface Prepared {
  /** The topologies, in the order in which they feed each other. */
  readonly links: readonly Link[];
  readonly lengthMs: number;
  readonly tradesPerSecond: number;
  /** What goes wrong with a seed, by topology. */
  faultsOf(seed: number): ReadonlyMap<string, readonly TestFault[]>;
}

/**
 * Reads the pipeline and the file of faults.
 * @throws FDP_USAGE for a flag that is wrong
 */
export function prepared(
  request: SpecRequest,
  flags: SimulateFlags,
): Prepared | { readonly problems: readonly Problem[] } {
  const { hours, tradesPerSecond } = numbersOf(flags);
  const spec = readSpec(request);
  const { plans, problems } = plansOf(spec, request);
  if (problems.length > 0) return { problems };
  const written = flags.faults === undefined ? undefined : faultsIn(flags.faults, plans, { spec, request });
  if (written && written.problems.length > 0) return { problems: written.problems };
  const lengthMs = Math.round(hours * 3_600_000);
  return {
    ...{ links: chainOf(plans), lengthMs, tradesPerSecond },
    faultsOf: (seed) => written?.faults ?? scheduleOf({ seed, lengthMs, plans }),
  };
}
