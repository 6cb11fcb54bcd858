import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../../errors.ts';
import type { Problem } from '../../pipeline/problem.ts';
import { readSpec } from '../../pipeline/read.ts';
import { type CommandResult, problemsJson, problemText, type SpecRequest } from '../validate.ts';
import { failureTest } from './failure-test.ts';
import { numbersOf, type SimulateFlags, usage } from './flags.ts';
import { faultsIn, isRun, plansOf } from './plans.ts';
import { reportJson, reportOf, reportText } from './report.ts';
import { scheduleOf } from './schedule.ts';
import { type SeedReport, simulateSeeds } from './seeds.ts';
import { shrinkStage } from './shrink-stage.ts';
import { type SimulationResult, simulate } from './simulation.ts';

/** How many seeds are run. */
export interface SeedRuns {
  /** Seeds that run at the same time. */
  readonly atOnce: number;
  /** Runs one seed elsewhere; left out: in this process. */
  run?(seed: number): Promise<SeedReport>;
  print(line: string): void;
}

const here: SeedRuns = { atOnce: 1, print: () => {} };

/**
 * `fdp simulate`: the topologies of the pipeline on a simulated market, with what goes wrong by a schedule or a file. Exit code 1
 * if a promise was broken: a test that shows it is then written to the folder. 2 if the pipeline or the file of faults is wrong.
 * @throws FDP_USAGE for a flag that is wrong, a test that can't be written, and when nothing can be run
 */
export async function simulatePipeline(
  request: SpecRequest,
  flags: SimulateFlags = {},
  runs = here,
): Promise<CommandResult> {
  const { hours, seed, seeds, tradesPerSecond } = numbersOf(flags);
  const spec = readSpec(request);
  const { plans, problems } = plansOf(spec, request);
  const wrong = (all: readonly Problem[]) => ({
    text: flags.json ? problemsJson(all) : problemText(all, request.folder),
    exitCode: 2,
  });
  if (problems.length > 0) return wrong(problems);
  const topologies = plans.filter(isRun);
  const written = flags.faults === undefined ? undefined : faultsIn(flags.faults, topologies, { spec, request });
  if (written && written.problems.length > 0) return wrong(written.problems);
  const lengthMs = Math.round(hours * 3_600_000);
  const one = async (each: number) => {
    const faults = written?.faults ?? scheduleOf({ seed: each, lengthMs, plans: topologies });
    const result = await simulate({ plans, seed: each, lengthMs, tradesPerSecond, faults });
    if (result.stages.length === 0)
      throw usage(`nothing can be run: ${result.skipped.map(({ why }) => why).join('; ') || 'no topology starts'}`);
    return { result, hours, testFile: await writeTest(result, request.folder) };
  };
  if (seeds) {
    const run = runs.run ?? (async (each: number): Promise<SeedReport> => reportOf(await one(each)));
    const { untilFailure = false, json = false } = flags;
    return await simulateSeeds({ ...seeds, ...runs, run, untilFailure }, json);
  }
  const report = await one(seed);
  return { text: flags.json ? reportJson(report) : reportText(report), exitCode: report.result.broken ? 1 : 0 };
}

/** Writes the least that breaks the promise as a test; returns the name of the file, undefined if there is nothing to show. */
async function writeTest({ broken, seed }: SimulationResult, folder: string): Promise<string | undefined> {
  if (!broken) return undefined;
  const file = `failure-${seed}.test.yml`;
  const text = await failureTest(await shrinkStage(broken.stage, broken.kind), seed);
  try {
    writeFileSync(join(folder, file), text);
  } catch (error) {
    throw usage(`${file}: ${errorText(error)}`);
  }
  return file;
}
