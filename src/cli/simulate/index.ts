import type { Plan } from '../../engine/plan.ts';
import { FdpError } from '../../errors.ts';
import { ratePerSecond } from '../../kit/units.ts';
import { resolve, startedTopologies } from '../../pipeline/give/resolve.ts';
import type { Problem } from '../../pipeline/problem.ts';
import { readSpec } from '../../pipeline/read.ts';
import type { Spec } from '../../pipeline/spec.ts';
import { usageOf } from '../usage.ts';
import { type CommandResult, problemsJson, problemText, type SpecRequest } from '../validate.ts';
import { reportJson, reportText } from './report.ts';
import { scheduleOf } from './schedule.ts';
import { simulate } from './simulation.ts';
import { violationsOf } from './stage.ts';

export interface SimulateFlags {
  readonly hours?: string;
  readonly rate?: string;
  readonly seed?: string;
  readonly faults?: string;
  readonly json?: boolean;
}

const usage = usageOf('simulate');
const hourMs = 3_600_000;

/**
 * `fdp-run simulate`: the topologies of the pipeline on a simulated market, with what goes wrong by a schedule. Exit code 1 if a
 * promise was broken, 2 if the pipeline or the file of faults is wrong.
 * @throws FDP_USAGE for a flag that is wrong
 */
export async function simulatePipeline(request: SpecRequest, flags: SimulateFlags = {}): Promise<CommandResult> {
  const { hours, seed, tradesPerSecond } = numbersOf(flags);
  const spec = readSpec(request);
  const { plans, problems } = plansOf(spec, request);
  if (problems.length > 0)
    return { text: flags.json ? problemsJson(problems) : problemText(problems, request.folder), exitCode: 2 };
  const lengthMs = Math.round(hours * hourMs);
  const faults = scheduleOf({ seed, lengthMs, plans: plans.filter(isRun) });
  const result = await simulate({ plans, seed, lengthMs, tradesPerSecond, faults });
  const report = { result, hours, testFile: undefined };
  const exitCode = result.stages.flatMap(violationsOf).length > 0 ? 1 : 0;
  return { text: flags.json ? reportJson(report) : reportText(report), exitCode };
}

function isRun({ topologies: [topology] }: Plan): boolean {
  return (topology?.routes ?? []).length === 0;
}

function numbersOf({ hours = '6.5', seed = '1', rate = '50/s' }: SimulateFlags) {
  const length = Number(hours);
  if (!(length > 0 && length <= 168)) throw usage(`--hours: expected more than 0, at most 168, got "${hours}"`);
  if (!/^\d{1,9}$/.test(seed)) throw usage(`--seed: expected a whole number, got "${seed}"`);
  return { hours: length, seed: Number(seed), tradesPerSecond: rateOf(rate) };
}

function rateOf(rate: string): number {
  try {
    const perSecond = ratePerSecond(rate);
    if (perSecond > 0 && Number.isFinite(perSecond)) return perSecond;
  } catch (error) {
    if (!(error instanceof FdpError)) throw error;
  }
  throw usage(`--rate: expected trades per second such as 50/s, got "${rate}"`);
}

/** A plan for each topology, or what is wrong. A connector without a twin is named. */
function plansOf(
  spec: Spec,
  { topologies }: SpecRequest,
): { readonly plans: readonly Plan[]; readonly problems: readonly Problem[] } {
  if (spec.problems.size > 0) return { plans: [], problems: spec.problems.list };
  const names = topologies ?? startedTopologies(spec).map(({ name }) => name);
  const found = names.map((name) => resolve(spec, { topologies: [name], isTest: true }));
  const plans = found.flatMap(({ plan }) => plan ?? []);
  const problems = [...found.flatMap((each) => each.problems), ...plans.flatMap(twinless)];
  return { plans, problems };
}

function twinless({ topologies: [topology], connectors, status }: Plan): readonly Problem[] {
  return [...connectors.values()]
    .filter(({ name, declaration }) => name !== status && declaration.twin === undefined)
    .map(({ name, declaration }) => ({
      message: `topologies.${topology?.name}: "${name}" (${declaration.type}) has no twin in memory`,
      hint: 'leave the topology out: --topology names those that are simulated',
    }));
}
