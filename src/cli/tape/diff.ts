import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { suggestion } from '../../kit/names.ts';
import { unitFormats } from '../../kit/units.ts';
import { resolve, startedTopologies } from '../../pipeline/give/resolve.ts';
import type { Problem } from '../../pipeline/problem.ts';
import { readPipelineFile } from '../../pipeline/read/files.ts';
import { readSpec } from '../../pipeline/read.ts';
import type { Spec } from '../../pipeline/spec.ts';
import { recordedTape } from '../../simulate/recording/entries.ts';
import type { RunRequest } from '../../simulate/run.ts';
import { loadComponents } from '../components.ts';
import { jsonResult } from '../shared/json-result.ts';
import { usageOf } from '../shared/usage.ts';
import { type CommandResult, problemsJson, problemText, type SpecRequest } from '../validate.ts';
import { type Comparison, compared, differenceLines, isSame } from './compare.ts';
import { outputsOf } from './outputs.ts';
import { record } from './record.ts';

export interface DiffFlags {
  readonly tape?: string;
  readonly last?: string;
  readonly from?: string;
  readonly json?: boolean;
}

const usage = usageOf('diff');

interface SinkDifference extends Comparison {
  readonly topology: string;
  readonly sink: string;
}

interface Both {
  readonly names: readonly [one: string, other: string];
  readonly specs: readonly [one: Spec, other: Spec];
}

/**
 * `fdp diff OTHER.yml`: runs both pipelines on the same tape, and compares what reaches each sink. Exit code 0 if it is the same, 1 if
 * not, 2 if a pipeline, the tape or a flag is wrong.
 * @throws FDP_USAGE for flags that don't fit, a tape that is none, and a topology that can't be compared; what `record` throws
 */
export async function diff(request: SpecRequest, other: string, flags: DiffFlags): Promise<CommandResult> {
  const wrong = (problems: readonly Problem[]) => ({
    text: flags.json ? problemsJson(problems) : problemText(problems, request.folder),
    exitCode: 2,
  });
  if ((flags.tape === undefined) === (flags.last === undefined))
    throw usage('expected either --tape FOLDER or --last 1h');
  const pipelinePath = resolvePath(request.folder, other);
  const spec = readSpec(request);
  const file = readPipelineFile(pipelinePath);
  const components = await loadComponents(file, request.env);
  const otherSpec = readSpec({ ...request, pipelinePath, file, components });
  for (const { problems } of [spec, otherSpec]) if (problems.size > 0) return wrong(problems.list);
  const both: Both = { names: [request.pipelinePath, other], specs: [spec, otherSpec] };
  const tape = await tapeOf(request, flags, spec);
  if ('exitCode' in tape) return tape;
  const topologies = comparable(both, tape.recorded?.connector ?? '', request.topologies);
  const results: SinkDifference[] = [];
  for (const topology of topologies) {
    const plans = both.specs.map((each) => resolve(each, { topologies: [topology], isTest: true }));
    const [one, two] = plans;
    if (!one?.plan || !two?.plan) return wrong(plans.flatMap(({ problems }) => problems));
    const [left, right] = [await outputsOf(one.plan, tape), await outputsOf(two.plan, tape)];
    for (const sink of new Set([...left.keys(), ...right.keys()]))
      results.push({ topology, sink, ...compared(left.get(sink) ?? [], right.get(sink) ?? []) });
  }
  return reported(results, both, flags);
}

/** The log that the topologies read. @throws FDP_USAGE if that is not one */
function logOf(spec: Spec, asked: readonly string[] | undefined): string {
  const logs = startedTopologies(spec, asked).flatMap(({ source }) =>
    source?.connector?.declaration?.family === 'log' ? [source.connector.name] : [],
  );
  const [log, more] = new Set(logs);
  if (log === undefined) throw usage('none of the topologies reads a log');
  if (more !== undefined) throw usage(`the topologies read ${[...new Set(logs)].join(', ')}: name one with --from`);
  return log;
}

async function tapeOf(
  request: SpecRequest,
  { tape, last, from }: DiffFlags,
  spec: Spec,
): Promise<Required<Pick<RunRequest, 'tape' | 'recorded'>> | CommandResult> {
  if (tape !== undefined) return recordedTape(resolvePath(request.folder, tape));
  if (last === undefined || !unitFormats.duration.pattern.test(last))
    throw usage(`--last: expected ${unitFormats.duration.expected}, got "${last}"`);
  const folder = mkdtempSync(join(tmpdir(), 'fdp-diff-'));
  try {
    const output = join(folder, 'tape');
    const recorded = await record(request, { from: from ?? logOf(spec, request.topologies), since: last, output });
    return recorded.exitCode === 0 ? await recordedTape(output) : recorded;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The topologies that are compared: those that are asked for, else those that start and read the log in either pipeline. */
function comparable({ specs, names }: Both, log: string, asked: readonly string[] | undefined): readonly string[] {
  const wanted =
    asked ??
    specs.flatMap((spec) =>
      startedTopologies(spec).flatMap(({ name, source }) => (source?.connector?.name === log ? [name] : [])),
    );
  for (const name of wanted)
    for (const [at, { topologies }] of specs.entries())
      if (!topologies.has(name))
        throw usage(`${names[at]} has no topology "${name}": ${suggestion(name, topologies.keys(), 'topologies')}`);
  if (wanted.length === 0) throw usage(`no topology reads ${log}`);
  return [...new Set(wanted)];
}

function reported(results: readonly SinkDifference[], { names }: Both, { json }: DiffFlags): CommandResult {
  const different = results.filter((result) => !isSame(result));
  const exitCode = different.length === 0 ? 0 : 1;
  if (json) return jsonResult({ same: exitCode === 0, pipelines: names, sinks: results.map(sinkJson) }, exitCode);
  const lines = results.flatMap((result) => {
    const { topology, sink, counts } = result;
    const [one, other] = counts;
    if (isSame(result)) return [`same       ${topology}: ${sink} (${one})`];
    return [
      `different  ${topology}: ${sink} (${one === other ? one : `${one} and ${other}`})`,
      ...differenceLines(result, names),
    ];
  });
  const last = exitCode === 0 ? 'the same' : `${different.length} of ${results.length} sinks differ`;
  return { text: `${[...lines, last].join('\n')}\n`, exitCode };
}

/** The most of each kind in JSON. */
const mostInJson = 100;

function sinkJson(result: SinkDifference) {
  const { topology, sink, counts, onlyOne, onlyOther, different } = result;
  return {
    ...{ topology, sink, same: isSame(result), counts },
    only_in_first: { count: onlyOne.length, rows: onlyOne.slice(0, mostInJson) },
    only_in_second: { count: onlyOther.length, rows: onlyOther.slice(0, mostInJson) },
    different: { count: different.length, rows: different.slice(0, mostInJson) },
  };
}
