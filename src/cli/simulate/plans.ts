import { resolve as resolvePath } from 'node:path';
import { checkCondition } from '../../../operators/support/condition.ts';
import type { Plan } from '../../engine/plan.ts';
import { resolve, startedTopologies } from '../../pipeline/give/resolve.ts';
import { type Problem, Problems } from '../../pipeline/problem.ts';
import { sourceFile } from '../../pipeline/read/source.ts';
import { readTextFile } from '../../pipeline/read/text-file.ts';
import type { Spec } from '../../pipeline/spec.ts';
import { readFaultFile } from '../../pipeline/tests/fault-file.ts';
import type { TestFault } from '../../pipeline/tests/model.ts';
import type { SpecRequest } from '../validate.ts';

/** A plan for each topology, or what is wrong. A connector without a twin is named. */
export function plansOf(
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

/** The faults of a file, by topology, or what is wrong with it. */
export function faultsIn(
  path: string,
  plans: readonly Plan[],
  { spec, request }: { readonly spec: Spec; readonly request: SpecRequest },
): { readonly faults: ReadonlyMap<string, readonly TestFault[]>; readonly problems: readonly Problem[] } {
  const file = resolvePath(request.folder, path);
  const read = readTextFile(file);
  if ('refusal' in read) return { faults: new Map(), problems: [{ message: `${file}: ${read.refusal}` }] };
  const problems = new Problems();
  const check = (source: string, report: (text: string, hint?: string) => void) =>
    void checkCondition(source, undefined, (_path, text, hint) => report(text, hint));
  const topologies = plans.flatMap((plan) => spec.topologies.get(plan.topologies[0]?.name ?? '') ?? []);
  const faults = readFaultFile(sourceFile(file, read.text, 0), topologies, { spec, problems, checkCondition: check });
  return { faults, problems: problems.list };
}

function twinless({ topologies: [topology], connectors, status }: Plan): readonly Problem[] {
  return [...connectors.values()]
    .filter(({ name, declaration }) => name !== status && declaration.twin === undefined)
    .map(({ name, declaration }) => ({
      message: `topologies.${topology?.name}: "${name}" (${declaration.type}) has no twin in memory`,
      hint: 'leave the topology out: --topology names those that are simulated',
    }));
}
