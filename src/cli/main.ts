import { Command, CommanderError } from 'commander';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { FdpError, messageOf } from '../errors.ts';
import { suggestion } from '../spec/names.ts';
import { readSpec } from '../spec/read.ts';
import { resolve } from '../spec/resolve.ts';
import { knownSecrets, secretsOf } from '../spec/secrets.ts';
import type { Spec, TopologySpec } from '../spec/spec.ts';
import { config } from './config.ts';
import { listLetters, replayLetters, showLetter } from './dead-letters.ts';
import { list } from './list.ts';
import type { ListedTopology } from './list-pages.ts';
import { forgetPositions } from './positions.ts';
import { run } from './run.ts';
import { type StatusFlags, status } from './status.ts';
import { type CommandResult, problemText, type SpecRequest, validate } from './validate.ts';
import { readVersion } from './version.ts';

// The command line: reads the flags, hands the components in, sets the exit code. The one place that knows all.

const components = { connectors, operators };
const usageExitCode = 2;
const forcedExitCode = 3;

interface Flags {
  readonly topology?: readonly string[];
  readonly profile?: string;
  readonly pipeline: string;
}

/** Runs a command and gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = commandLine((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageExitCode;
    process.stderr.write(`fdp-run: ${messageOf(error)}\n`);
    return error instanceof FdpError && error.code === 'FDP_USAGE' ? usageExitCode : 1;
  }
  return exitCode;
}

function commandLine(exit: (code: number) => void): Command {
  const program = new Command('fdp-run')
    .description('Runs the topologies of a pipeline: every one but those marked `autostart: false`, in one process.')
    .version(readVersion(), '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .option('--topology <name>', 'only this one; repeat, or separate by commas, for several', names)
    .option('--profile <name>', 'the overlay in config/ to apply; else FDP_PROFILE, else embedded')
    .option('--pipeline <file>', 'the pipeline to read', 'pipeline.yml')
    .exitOverride()
    .showSuggestionAfterError()
    .allowExcessArguments(true);
  const request = () => requestOf(program.opts<Flags>());
  program.action(async () => {
    const [unknown] = program.args;
    if (unknown === undefined) return exit(await start(request()));
    const hint = suggestion(
      unknown,
      program.commands.map((command) => command.name()),
      'commands',
    );
    throw new FdpError('FDP_USAGE', `unknown command "${unknown}": ${hint}`);
  });
  program
    .command('validate')
    .description('check the pipeline, start nothing')
    .action(() => exit(print(validate(request()))));
  program
    .command('config')
    .description('print the resolved pipeline, secrets masked, each value with its origin')
    .action(() => exit(print(config(request()))));
  program
    .command('list [kind] [name]')
    .description('print what exists (connectors, operators, topologies), or the options of one')
    .action((kind?: string, name?: string) => {
      const topologies = [...readSpec(request()).topologies.values()].map(listed);
      const asked = [kind, name].filter((each) => each !== undefined);
      exit(print({ text: `${list({ ...components, topologies }, asked, process.stdout.columns)}\n`, exitCode: 0 }));
    });
  program
    .command('status')
    .description('print every running process that reports to the status table: graph, options, figures')
    .option('--watch', 'again every second, until stopped')
    .option('--json', 'one JSON object')
    .action(async (flags: StatusFlags) => exit(await status(request(), flags)));
  const letters = program.command('dead-letters').description('messages that could not be delivered');
  letters
    .command('list')
    .description('print them, the newest last')
    .action(async () => exit(print(await listLetters(request(), process.stdout.columns))));
  letters
    .command('show <id>')
    .description('print one whole')
    .action(async (id: string) => exit(print(await showLetter(request(), id))));
  letters
    .command('replay [ids...]')
    .description('offer them, or those named, to their topology again; twice changes nothing')
    .action(async (ids: string[]) => exit(print(await replayLetters(request(), ids))));
  program
    .command('positions')
    .description('what counters remember of a log')
    .command('forget')
    .description(
      'remove the marks of counters that do not fit the log of --topology NAME; the positions of its group stay',
    )
    .action(async () => exit(print(await forgetPositions(request()))));
  return program;
}

function names(given: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...given.split(',').map((name) => name.trim())];
}

function requestOf({ topology, profile, pipeline }: Flags): SpecRequest {
  return {
    pipelinePath: pipeline,
    profile,
    env: process.env,
    components,
    folder: process.cwd(),
    ...(topology ? { topologies: topology } : {}),
  };
}

function print({ text, exitCode }: CommandResult): number {
  (exitCode === 2 ? process.stderr : process.stdout).write(text);
  return exitCode;
}

async function start(request: SpecRequest): Promise<number> {
  const spec: Spec = readSpec(request);
  const { plan, problems } = resolve(spec, request);
  if (!plan) return print({ text: problemText(problems, request.folder), exitCode: usageExitCode });
  const { profile, variables } = spec;
  const secrets = [...knownSecrets(spec)];
  const exitCode = await run({
    plan,
    profile,
    version: readVersion(),
    env: variables.all,
    secrets,
    mask: secretsOf(spec),
  });
  // What was forced may still hold a handle; everything else ends by itself.
  if (exitCode === forcedExitCode) process.exit(exitCode);
  return exitCode;
}

function listed({ name, description, autostart, source, branches, routes }: TopologySpec): ListedTopology {
  const sinks = [...branches.map((branch) => branch.name), ...routes.map(({ route }) => route)];
  return { name, description, autostart, source: source?.connector?.name ?? '', sinks };
}

process.exitCode = await main(process.argv.slice(2));
