import { type Reconciled, reconcile } from '../../../connectors/shared/reconcile/reconciliation.ts';
import type { Reconcilable } from '../../../connectors/shared/reconcile/subject.ts';
import type { Difference } from '../../kit/reconciler.ts';
import { resolveConnectors } from '../../pipeline/give/resolve.ts';
import { readSpec } from '../../pipeline/read.ts';
import { boundHeapGrowth } from '../shared/heap.ts';
import { outputGone } from '../shared/output.ts';
import { quietEnvironment } from '../shared/quiet.ts';
import { timeOfFlag, usageOf } from '../shared/usage.ts';
import { type CommandResult, type SpecRequest, wrongPipeline } from '../validate.ts';
import { withSubject } from './stores.ts';
import { definitionOf, type Subject, startFieldOf, subjectsOf } from './subject.ts';
import { differenceText, resultText } from './texts.ts';

const usage = usageOf('reconcile');

export interface ReconcileFlags {
  readonly symbol?: string;
  readonly from?: string;
  readonly to?: string;
  readonly fromLog?: boolean;
  readonly repair?: boolean;
  readonly json?: boolean;
}

/** The exit code when differences are left. */
const leftExitCode = 4;
/** Differences of a table that are listed as JSON, at most: their number is exact. */
const mostListed = 10_000;

/**
 * `fdp reconcile [TABLE]`: recomputes the rows of tables that count from the rows that they counted, and says where they
 * differ; with `repair` puts them right. Exit code 4 when some differ in the end.
 * @throws FDP_USAGE for a table or a time that is none; what the stores throw
 */
export async function reconcileTables(
  request: SpecRequest,
  name: string | undefined,
  flags: ReconcileFlags,
  print: (text: string) => void,
): Promise<CommandResult> {
  const spec = readSpec(request);
  if (spec.problems.size > 0) return wrongPipeline(spec.problems.list, request);
  const leftOut: string[] = [];
  const subjects = subjectsOf(spec, name, (reason) => leftOut.push(reason), flags.fromLog);
  const { problems } = resolveConnectors(
    spec,
    subjects.flatMap(({ table, from }) => [table, from]),
  );
  if (problems.length > 0) return wrongPipeline(problems, request);
  boundHeapGrowth();
  const environment = await quietEnvironment();
  const results: object[] = [];
  let left = 0;
  if (!flags.json) for (const reason of leftOut) print(`${reason}\n`);
  for (const subject of subjects) {
    if (flags.repair && subject.whyNoRepair) throw usage(subject.whyNoRepair);
    const options = { environment, signal: outputGone, wants: wanted(subject, flags, environment.clock.now()) };
    const listed: Difference[] = [];
    const found = (difference: Difference) => {
      if (!flags.json) print(`${differenceText(subject.name, difference)}\n`);
      else if (listed.length < mostListed) listed.push(difference);
    };
    const result = await withSubject(subject, options, (reconcilable) =>
      reconcile(reconcilable, { repair: flags.repair ?? false, found }, outputGone),
    );
    left += result.left;
    if (flags.json) results.push(resultJson(subject, result, listed));
    else print(`${resultText(subject, result)}\n`);
  }
  const text = flags.json ? `${JSON.stringify({ tables: results, left, left_out: leftOut })}\n` : '';
  return { text, exitCode: left === 0 ? 0 : leftExitCode };
}

/** Which rows are asked for; undefined for all. */
function wanted(subject: Subject, flags: ReconcileFlags, now: number): Reconcilable['wants'] {
  const { name, table } = subject;
  const { fields = {}, unique } = definitionOf(table);
  const { symbol } = flags;
  if (symbol !== undefined && !Object.hasOwn(fields, 'symbol')) throw usage(`${name} has no field "symbol"`);
  const [from, to] = [timeOfFlag(usage, 'from', flags.from, now), timeOfFlag(usage, 'to', flags.to, now)];
  const isRange = from !== undefined || to !== undefined;
  const start = startFieldOf(subject);
  if (isRange && start === undefined)
    throw usage(`--from and --to are for rows of a time, as bars have: those of ${name} hold all of it`);
  if (symbol === undefined && !isRange) return undefined;
  return (key, values) => {
    if (symbol !== undefined && (unique === 'symbol' ? key : values['symbol']) !== symbol) return false;
    if (start === undefined || !isRange) return true;
    const at = Number(values[start]);
    return at >= (from ?? Number.NEGATIVE_INFINITY) && at < (to ?? Number.POSITIVE_INFINITY);
  };
}

function resultJson(
  { name, from }: Subject,
  { partial, ...result }: Reconciled,
  listed: readonly Difference[],
): object {
  const { differences: count, ...others } = result;
  return { table: name, from: from.name, ...others, partial: partial ?? null, count, differences: listed };
}
