import { type Command, CommanderError } from 'commander';
import { errorText, FdpError } from '../errors.ts';
import { explainer } from '../pipeline/give/explain.ts';
import { knownSecrets, secretsOf } from '../pipeline/give/secrets.ts';
import { warningLine } from '../pipeline/problem.ts';
import { readPipelineFile } from '../pipeline/read/files.ts';
import { readSpec } from '../pipeline/read.ts';
import { type Actions, commandLine, type Flags } from './command-line.ts';
import { completion } from './completion.ts';
import { loadComponents } from './components.ts';
import { config } from './config.ts';
import { forgetCounters } from './counters.ts';
import { create } from './create/create.ts';
import { dropLetters, listLetters, showLetter } from './dead-letters/dead-letters.ts';
import { replayLetters } from './dead-letters/replay-letters.ts';
import { explain } from './explain/explain.ts';
import { exportTable } from './export/export.ts';
import type { ExportFlags } from './export/formats.ts';
import { closeGap, listGaps, showGap } from './gaps/gaps.ts';
import { graph } from './graph/graph.ts';
import { init } from './init/init.ts';
import { addKey, listKeys, removeKey } from './keys/keys.ts';
import { listJson } from './list/json.ts';
import { list } from './list/list.ts';
import { listed } from './list/pages.ts';
import { produce } from './produce.ts';
import { reconcileTables } from './reconcile/reconcile.ts';
import { reconcilerOf } from './reconcile/reconciler.ts';
import { endInTime } from './run/left-open.ts';
import { schema } from './schema.ts';
import { optimiseFromNextTurn } from './shared/optimising.ts';
import { outputGone, outputWritten, print, watchOutput } from './shared/output.ts';
import { NoPipelineError, pipelineIn } from './shared/pipeline-file.ts';
import { resolveProcess } from './shared/process-settings.ts';
import { programName } from './shared/program.ts';
import { readVersion } from './shared/version.ts';
import { simulatePipeline } from './simulate/index.ts';
import { seedProcess, seedsAtOnce } from './simulate/seeds.ts';
import { stageThreads } from './simulate/stage-threads.ts';
import { status } from './status/status.ts';
import { diff } from './tape/diff.ts';
import { record } from './tape/record.ts';
import { replay } from './tape/replay.ts';
import { type TestFlags, testPipeline } from './test/test.ts';
import { watchTests } from './test/watch.ts';
import { type CommandResult, problemsJson, problemText, type SpecRequest, validate } from './validate.ts';

// The command line: parses the flags, passes the components in, sets the exit code.

const usageExitCode = 2;
/** Each seed has a process of its own; of one that is long each topology that can has a thread. */
const simulationRuns = { atOnce: seedsAtOnce(), run: seedProcess, threads: stageThreads, print };

/** Runs a command and gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  void optimiseFromNextTurn();
  let exitCode = 0;
  const program = commandLine(readVersion(), actionsOf, (code) => {
    exitCode = code;
  });
  watchOutput();
  try {
    await parse(program, args);
    await outputWritten();
  } catch (error) {
    if (error instanceof CommanderError) return usageExitCode;
    if (error instanceof NoPipelineError && process.stderr.isTTY) process.stderr.write(error.page);
    else report(await explained(program, errorText(error)));
    return error instanceof FdpError && error.code === 'FDP_USAGE' ? usageExitCode : 1;
  }
  return exitCode;
}

function report(text: string): void {
  process.stderr.write(`${programName()}: ${text}\n`);
}

/** Help and version are printed like any other output. */
async function parse(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    const isHelp = error instanceof CommanderError && error.exitCode === 0;
    // A command that fails because nothing takes its output: `outputWritten` says why.
    if (!isHelp && !outputGone.aborted) throw error;
  }
}

/** A command's error with the environment variables that its values come from; topologies add them themselves. */
async function explained(program: Command, text: string): Promise<string> {
  if (program.args.length === 0) return text;
  try {
    return explainer([...readSpec(await requestOf(program)).connectors.values()])(text);
  } catch {
    return text; // there is no pipeline
  }
}

/** Imports the plugins of the pipeline; again, they come from the memory of Node.js. */
async function requestOf(program: Command): Promise<SpecRequest> {
  const { topology, profile, pipeline } = program.opts<Flags>();
  const request = await requestFor(pipelineIn(process.cwd(), pipeline), profile);
  return { ...request, ...(topology ? { topologies: topology } : {}) };
}

async function requestFor(pipelinePath: string, profile: string | undefined): Promise<SpecRequest> {
  const [file, env] = [readPipelineFile(pipelinePath), process.env];
  return { pipelinePath, file, profile, env, components: await loadComponents(file, env), folder: process.cwd() };
}

function actionsOf(program: Command): Actions {
  const request = () => requestOf(program);
  const { columns } = process.stdout;
  return {
    start: async () => start(await request()),
    validate: async (flags) => show(validate(await request(), flags), flags),
    config: async (flags) => show(config(await request(), flags), flags),
    test: async (files, flags) => test(await request(), files, flags),
    simulate: async (flags) => show(await simulatePipeline(await request(), flags, simulationRuns), flags),
    schema: async () => show(schema(await withoutPipeline(program))),
    list: async (asked, flags) => show(listOf(await withoutPipeline(program), asked, flags)),
    explain: async (topologies, flags) => show(explain(await request(), topologies, { ...flags, columns }), flags),
    graph: async (topologies, { format }) => show(graph(await request(), topologies, format)),
    status: async (flags) => status(await request(), flags),
    init: (dir, flags) => show(init(process.cwd(), { dir, ...flags })),
    create: (kind, name, flags) => show(create(process.cwd(), { kind, name, ...flags })),
    export: async (table, flags) => show(await exportTable(await request(), table, flags, progressOf(flags))),
    produce: async (name, flags) => show(await produce(await request(), { name, input: process.stdin, ...flags })),
    completion: async (shell) => {
      const { components } = await withoutPipeline(program);
      return show({ text: completion(shell, program, components), exitCode: 0 });
    },
    letters: {
      list: async (flags) => show(await listLetters(await request(), flags, columns), flags),
      show: async (id, flags) => show(await showLetter(await request(), id, flags), flags),
      replay: async (ids, flags) => show(await replayLetters(await request(), ids, flags), flags),
      drop: async (ids, flags) => show(await dropLetters(await request(), ids, flags), flags),
    },
    gaps: {
      list: async (flags) => show(await listGaps(await request(), flags, columns), flags),
      show: async (id, flags) => show(await showGap(await request(), id, flags), flags),
      close: async (id, flags) => show(await closeGap(await request(), id, flags), flags),
    },
    keys: {
      add: async (name, flags) => show(addKey(await request(), name, flags), flags),
      list: async (flags) => show(listKeys(await request(), flags), flags),
      remove: async (name, flags) => show(removeKey(await request(), name, flags), flags),
    },
    tape: {
      record: async (flags) => show(await record(await request(), flags), flags),
      diff: async (other, flags) => show(await diff(await request(), other, flags), flags),
      replay: async (folder, flags) => replay(await request(), folder, flags),
    },
    reconcile: async (table, flags) => show(await reconcileTables(await request(), table, flags, print), flags),
    forgetCounters: async () => show(await forgetCounters(await request())),
  };
}

/** The progress of an export, on a line of the terminal that is overwritten, unless the rows go there themselves. */
function progressOf({ output }: ExportFlags): ((text: string) => void) | undefined {
  if (!process.stderr.isTTY || (output === undefined && process.stdout.isTTY)) return undefined;
  return (text) => void process.stderr.write(`\r${text}\u001b[K`);
}

/** Prints a pipeline's problems as text, or with `--json` as JSON. */
function show({ text, exitCode, problems }: CommandResult, { json = false }: { readonly json?: boolean } = {}): number {
  if (json && problems) print(problemsJson(problems));
  else if (exitCode === 2 && !json) process.stderr.write(text);
  else print(text);
  return exitCode;
}

/** With `--watch` the next run may find what is missing now, and reads the pipeline again. */
async function test(given: SpecRequest, files: readonly string[], flags: TestFlags): Promise<number> {
  const request = flags.watch ? { ...given, file: undefined } : given;
  const once = async () => show(await testPipeline(request, files, flags), flags);
  if (!flags.watch) return await once();
  return await watchTests(request, files, () => once().catch((error) => report(errorText(error))));
}

/** For commands that need no pipeline: what is wrong with it, and whether there is one, is not theirs. */
async function withoutPipeline(program: Command): Promise<SpecRequest> {
  const { pipeline = 'pipeline.yml', profile } = program.opts<Flags>();
  return await requestFor(pipeline, profile);
}

function listOf(
  request: SpecRequest,
  asked: readonly string[],
  { json = false }: { readonly json?: boolean },
): CommandResult {
  const spec = readSpec(request);
  const all = { ...request.components, topologies: [...spec.topologies.values()].map(listed) };
  for (const { plugin, text } of request.components.mistakes ?? [])
    report(`plugin ${plugin}: ${text}; "${programName()} validate" shows where`);
  if (json) return { text: `${JSON.stringify(listJson(all, asked))}\n`, exitCode: 0 };
  return { text: `${list(all, asked, process.stdout.columns)}\n`, exitCode: 0 };
}

async function start(request: SpecRequest): Promise<number> {
  const spec = readSpec(request);
  const { plan, problems } = resolveProcess(spec, request);
  if (!plan) return show({ text: problemText(problems, request.folder), exitCode: usageExitCode });
  const { run } = await import('./run/run.ts'); // the servers and the log, which only a run has
  const { profile, variables } = spec;
  const secrets = [...knownSecrets(spec)];
  return run({
    warnings: spec.problems.warnings.map((warning) => warningLine(warning, request.folder)),
    ...{ plan, profile, secrets, version: readVersion(), env: variables.all, mask: secretsOf(spec) },
    plugins: request.components.pluginFiles,
    reconciler: (environment) => reconcilerOf(spec, environment),
  });
}

const exitCode = await main(process.argv.slice(2));
process.exitCode = exitCode;
endInTime({ exitCode, name: report });
