import { writeFileSync } from 'node:fs';
import { dirname, resolve as resolvePath } from 'node:path';
import { checkCondition } from '../../../operators/support/condition.ts';
import type { Plan } from '../../engine/plan.ts';
import { errorText } from '../../errors.ts';
import { resolve } from '../../pipeline/give/resolve.ts';
import { type Problem, Problems } from '../../pipeline/problem.ts';
import { sourceFile } from '../../pipeline/read/source.ts';
import { readTextFile } from '../../pipeline/read/text-file.ts';
import { readSpec } from '../../pipeline/read.ts';
import type { Spec } from '../../pipeline/spec.ts';
import type { PipelineTest } from '../../pipeline/tests/model.ts';
import { readTests } from '../../pipeline/tests/read.ts';
import { usageOf } from '../shared/usage.ts';
import { type CommandResult, problemsJson, problemText, type SpecRequest } from '../validate.ts';
import { testFilesBelow } from './files.ts';
import { type Report, reportJson, reportJunit, reportText, type TestResult } from './report.ts';
import { runTest } from './run.ts';
import { checkTapes } from './tape.ts';
import { failuresOf } from './verdict.ts';

export interface TestFlags {
  readonly seed?: string;
  readonly junit?: string;
  readonly json?: boolean;
  readonly watch?: boolean;
}

const usage = usageOf('test');

interface FoundTest {
  readonly file: string;
  readonly test: PipelineTest;
  readonly plan: Plan;
}

/**
 * `fdp test`: runs topologies of the pipeline on the input of tests, in memory and on the virtual clock. Without files all
 * `*.test.yml` beside the pipeline and in the folders below. Exit code 1 if a test fails, 2 if the pipeline or a file is wrong:
 * nothing runs then.
 * @throws FDP_USAGE for a seed that is none, a file of results that can't be written, and when there is no test
 */
export async function testPipeline(
  request: SpecRequest,
  files: readonly string[],
  flags: TestFlags = {},
): Promise<CommandResult> {
  const seed = seedOf(flags);
  const spec = readSpec(request);
  const wrong = (problems: readonly Problem[]) => ({
    text: flags.json ? problemsJson(problems) : problemText(problems, request.folder),
    exitCode: 2,
  });
  if (spec.problems.size > 0) return wrong(spec.problems.list);
  const paths =
    files.length > 0 ? files.map((file) => resolvePath(request.folder, file)) : testFilesBelow(dirname(spec.path));
  if (paths.length === 0) throw usage(`there is no *.test.yml beside ${spec.path}, or in a folder below`);
  const { tests, problems } = await found(paths, spec, request);
  if (problems.length > 0) return wrong(problems);
  if (tests.length === 0) throw usage(`there is no test of ${request.topologies?.join(', ')}`);
  const results: TestResult[] = [];
  for (const each of tests) results.push(await resultOf(each, { seed, spec, request }));
  const report: Report = { results, seed, folder: request.folder };
  if (flags.junit !== undefined) writeJunit(resolvePath(request.folder, flags.junit), report);
  const exitCode = results.some(({ failures }) => failures.length > 0) ? 1 : 0;
  return { text: flags.json ? reportJson(report) : reportText(report), exitCode };
}

function writeJunit(path: string, report: Report): void {
  try {
    writeFileSync(path, reportJunit(report));
  } catch (error) {
    throw usage(`--junit: ${errorText(error)}`);
  }
}

function seedOf({ seed = '1' }: TestFlags): number {
  if (!/^\d{1,9}$/.test(seed)) throw usage(`--seed: expected a whole number, got "${seed}"`);
  return Number(seed);
}

interface Found {
  readonly tests: readonly FoundTest[];
  readonly problems: readonly Problem[];
}

/** The tests of the files, of the topologies that are asked for, or everything that is wrong. */
async function found(paths: readonly string[], spec: Spec, request: SpecRequest): Promise<Found> {
  const plans = new Map<string, ReturnType<typeof resolve>>();
  const planOf = (topology: string) => {
    const known = plans.get(topology) ?? resolve(spec, { topologies: [topology], isTest: true });
    plans.set(topology, known);
    return known;
  };
  const problems: Problem[] = [];
  const tests: FoundTest[] = [];
  for (const file of paths) {
    const read = await testsIn(file, spec);
    problems.push(...read.problems);
    for (const test of read.tests) {
      if (request.topologies && !request.topologies.includes(test.topology)) continue;
      const { plan } = planOf(test.topology);
      if (plan) tests.push({ file, test, plan });
    }
  }
  for (const { problems: own } of plans.values()) problems.push(...own);
  return { tests, problems };
}

interface Read {
  readonly tests: readonly PipelineTest[];
  readonly problems: readonly Problem[];
}

async function testsIn(path: string, spec: Spec): Promise<Read> {
  const read = readTextFile(path);
  if ('refusal' in read) return { tests: [], problems: [{ message: `${path}: ${read.refusal}` }] };
  const problems = new Problems();
  const check = (source: string, report: (text: string, hint?: string) => void) =>
    void checkCondition(source, undefined, (_path, text, hint) => report(text, hint));
  const tests = readTests(sourceFile(path, read.text, 0), { spec, problems, checkCondition: check });
  await checkTapes(tests, dirname(path), problems);
  return { tests, problems: problems.list };
}

interface Running {
  readonly seed: number;
  readonly spec: Spec;
  readonly request: SpecRequest;
}

async function resultOf({ file, test, plan }: FoundTest, { seed, spec, request }: Running): Promise<TestResult> {
  try {
    const outcome = await runTest(test, {
      plan,
      seed,
      folder: dirname(file),
      connectors: request.components.connectors,
    });
    const { digest, doneMs, log } = outcome;
    return { file, test, failures: [...outcome.undecided, ...failuresOf(test, outcome, spec)], digest, doneMs, log };
  } catch (error) {
    const failures = [{ range: test.range, text: `it can not run: ${errorText(error)}`, diff: [] }];
    return { file, test, failures, digest: undefined, doneMs: undefined, log: [] };
  }
}
