import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../../errors.ts';
import { type CommandResult, problemsJson, problemText, type SpecRequest } from '../validate.ts';
import { numbersOf, type SimulateFlags, usage } from './flags.ts';
import { prepared } from './prepared.ts';
import { reportJson, reportOf, reportText } from './report.ts';
import { type SeedReport, simulateSeeds } from './seeds.ts';
import { type SimulationResult, simulate } from './simulation.ts';
import { StageHost, type StageRunner } from './stage-host.ts';

/** How seeds, and topologies of one seed, are run. */
export interface SimulationRuns {
  /** Seeds that run at the same time. */
  readonly atOnce: number;
  /** Runs one seed elsewhere; left out: in this process. */
  run?(seed: number): Promise<SeedReport>;
  /** Runs topologies side by side; left out: one after the other in this thread. */
  threads?(request: SpecRequest, flags: SimulateFlags, seed: number): readonly StageRunner[] | undefined;
  print(line: string): void;
}

const here: SimulationRuns = { atOnce: 1, print: () => {} };

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
  const { hours, seed, seeds } = numbersOf(flags);
  const pipeline = prepared(request, flags);
  if ('problems' in pipeline) {
    const { problems } = pipeline;
    return { text: flags.json ? problemsJson(problems) : problemText(problems, request.folder), exitCode: 2 };
  }
  const one = async (each: number) => {
    const runners = runs.threads?.(request, flags, each) ?? [new StageHost(pipeline, each)];
    try {
      const result = await simulate(pipeline, each, runners);
      if (result.stages.length === 0)
        throw usage(`nothing can be run: ${result.skipped.map(({ why }) => why).join('; ') || 'no topology starts'}`);
      return { result, hours, testFile: writeTest(result, request.folder) };
    } finally {
      await Promise.all(runners.map((runner) => runner.close()));
    }
  };
  if (seeds) {
    const run = runs.run ?? (async (each: number): Promise<SeedReport> => reportOf(await one(each)));
    const { untilFailure = false, json = false } = flags;
    return await simulateSeeds({ ...seeds, ...runs, run, untilFailure }, json);
  }
  const report = await one(seed);
  const text = flags.json ? reportJson(report) : reportText(report);
  return { text, exitCode: report.result.failureTest === undefined ? 0 : 1 };
}

/** Writes the test that shows what is broken; returns the name of the file, undefined if there is nothing to show. */
function writeTest({ failureTest, seed }: SimulationResult, folder: string): string | undefined {
  if (failureTest === undefined) return undefined;
  const file = `failure-${seed}.test.yml`;
  try {
    writeFileSync(join(folder, file), failureTest.text);
  } catch (error) {
    throw usage(`${file}: ${errorText(error)}`);
  }
  return file;
}
