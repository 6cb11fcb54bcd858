import { concatMap, from, lastValueFrom } from 'rxjs';
import { loneRole } from '../engine/lone-role.ts';
import type { BranchPlan, Plan, TopologyPlan } from '../engine/plan.ts';
import { markProblem } from '../engine/recovery/counter-check.ts';
import { FdpError } from '../errors.ts';
import type { Environment } from '../kit/environment.ts';
import type { Mark, Sink } from '../kit/sink.ts';
import type { Lane } from '../kit/source.ts';
import { resolve } from '../pipeline/give/resolve.ts';
import { readSpec } from '../pipeline/read.ts';
import { quietEnvironment } from './shared/quiet.ts';
import { type CommandResult, type SpecRequest, wrongPipeline } from './validate.ts';

/** Above every index within a record. */
const wholeRecord = 2 ** 31 - 1;

/**
 * `fdp counters forget`: for the topologies named, lowers the marks of counters that do not fit the log that the
 * topology reads (beyond its end, or another record there) to what they have counted of it; the held lanes then
 * continue by themselves, from the group's position, and count the records since. Counts, rows and the group's
 * positions are not touched.
 */
export async function forgetCounters(request: SpecRequest): Promise<CommandResult> {
  if (!request.topologies) throw new FdpError('FDP_USAGE', 'counters forget: a topology is required: --topology NAME');
  const { plan, problems } = resolve(readSpec(request), request);
  if (!plan) return wrongPipeline(problems, request);
  const environment = await quietEnvironment();
  const lines: string[] = [];
  for (const topology of plan.topologies)
    for (const branch of topology.branches.filter(({ input }) => input === 'merges'))
      lines.push(...(await forget({ plan, topology, branch, environment })));
  if (lines.length === 0) return { text: 'all marks match their logs: nothing to forget\n', exitCode: 0 };
  return { text: `${[...lines, untouched].join('\n')}\n`, exitCode: 0 };
}

const untouched = 'counts, rows and the positions of the group are unchanged; held lanes continue from there';

interface Forgetting {
  readonly plan: Plan;
  readonly topology: TopologyPlan;
  readonly branch: BranchPlan;
  readonly environment: Environment;
}

async function forget({ plan, topology, branch, environment }: Forgetting): Promise<string[]> {
  const [logPlan, tablePlan] = [plan.connectors.get(topology.source.connector), plan.connectors.get(branch.connector)];
  if (!logPlan || !tablePlan)
    throw new FdpError('FDP_INTERNAL', `${topology.name}: its connectors are not part of the plan`);
  const log = await logPlan.declaration.create(logPlan.options, { ...environment, name: logPlan.name });
  const table = await tablePlan.declaration.create(tablePlan.options, { ...environment, name: tablePlan.name });
  const source = log.browse?.(loneRole(logPlan, 'source', environment));
  const sink = table.sink?.(branch.usage, loneRole(tablePlan, 'sink', environment, { input: 'merges' }));
  try {
    if (!source || !sink?.counters) return [`${topology.name}: ${branch.name} has no marks for ${logPlan.name}`];
    const { signal } = new AbortController();
    await Promise.all([source.connect(signal), sink.connect(signal)]);
    const lines: string[] = [];
    const visit = async (lane: Lane) => void lines.push(...(await forgetLane(lane, branch.name, sink)));
    await lastValueFrom(source.lanes.pipe(concatMap((lane) => from(visit(lane)))), { defaultValue: undefined });
    return lines;
  } finally {
    await Promise.all([source?.close(), sink?.close()]);
    await Promise.all([log.close(), table.close()]);
  }
}

async function forgetLane(lane: Lane, name: string, sink: Sink): Promise<string[]> {
  const problem = await markProblem(lane, name, sink);
  const mark = await sink.counters?.mark(lane.id);
  if (problem === undefined || mark === undefined) return [];
  const counted = await lastCounted(lane, mark);
  await sink.counters?.forget(lane.id, counted);
  return [`forgotten: ${problem}; counting continues after offset ${counted?.offset ?? -1}`];
}

/**
 * Up to which record a counter whose mark does not fit the log has counted the log's present content: the last record
 * that is not younger than the one that it counted last, below it. Records written to a restored log are younger than
 * everything that was counted before. Undefined if there is no such record.
 */
async function lastCounted(lane: Lane, mark: Mark): Promise<Mark | undefined> {
  const { first, next } = (await lane.log?.range()) ?? { first: 0, next: 0 };
  let counted: Mark | undefined;
  let [from, to] = [first, Math.min(next, mark.offset)];
  while (from < to) {
    const offset = Math.floor((from + to) / 2);
    const record = await lane.log?.recordAt(offset);
    if (record && record.timestamp > mark.timestamp) to = offset;
    else {
      if (record) counted = { ...record, offset, index: wholeRecord };
      from = offset + 1;
    }
  }
  return counted;
}
