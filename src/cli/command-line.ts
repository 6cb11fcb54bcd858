import { Command, type CommandOptions, Option } from 'commander';
import { FdpError } from '../errors.ts';
import { suggestion } from '../kit/names.ts';
import { shells } from './completion.ts';
import { type PluginActions, pluginCommands } from './create/commands.ts';
import { type ExportFlags, exportFormats } from './export/formats.ts';
import type { GapFlags } from './gaps/gaps.ts';
import { type GraphFormat, graphFormats } from './graph/graph.ts';
import { initCommand } from './init/command.ts';
import type { InitFlags } from './init/init.ts';
import { type KeyActions, keyCommands } from './keys/commands.ts';
import type { ReconcileFlags } from './reconcile/reconcile.ts';
import { json, names } from './shared/flags.ts';
import { print } from './shared/output.ts';
import { programName } from './shared/program.ts';
import { refusesInOneLine } from './shared/refusal.ts';
import { simulateCommand } from './simulate/command.ts';
import type { SimulateFlags } from './simulate/flags.ts';
import { type TapeActions, tapeCommands } from './tape/commands.ts';
import { testCommand } from './test/command.ts';
import type { TestFlags } from './test/test.ts';

export interface Flags {
  readonly topology?: readonly string[];
  readonly profile?: string;
  readonly pipeline?: string;
}

/** The implementations of the commands; each returns its exit code. `all` are the flags of the program. */
export interface Actions extends PluginActions {
  start(): Promise<number>;
  validate(flags: { readonly json?: boolean }): Promise<number>;
  config(flags: { readonly json?: boolean }): Promise<number>;
  test(files: readonly string[], flags: TestFlags): Promise<number>;
  simulate(flags: SimulateFlags): Promise<number>;
  list(asked: readonly string[], flags: { readonly json?: boolean }): Promise<number>;
  explain(topologies: readonly string[], flags: { readonly json?: boolean }): Promise<number>;
  graph(topologies: readonly string[], flags: { readonly format: GraphFormat }): Promise<number>;
  status(flags: { readonly watch?: boolean; readonly json?: boolean; readonly all?: boolean }): Promise<number>;
  init(dir: string | undefined, flags: InitFlags): number;
  export(table: string, flags: ExportFlags): Promise<number>;
  produce(connector: string, flags: { readonly key?: string; readonly whole?: boolean }): Promise<number>;
  completion(shell: string, program: Command): Promise<number>;
  letters: {
    list(flags: { readonly all?: boolean; readonly json?: boolean }): Promise<number>;
    show(id: string, flags: { readonly json?: boolean }): Promise<number>;
    replay(ids: readonly string[], flags: { readonly again?: boolean; readonly json?: boolean }): Promise<number>;
    drop(ids: readonly string[], flags: { readonly json?: boolean }): Promise<number>;
  };
  gaps: {
    list(flags: GapFlags): Promise<number>;
    show(id: string, flags: GapFlags): Promise<number>;
    close(id: string, flags: GapFlags): Promise<number>;
  };
  keys: KeyActions;
  tape: TapeActions;
  reconcile(table: string | undefined, flags: ReconcileFlags): Promise<number>;
  forgetCounters(): Promise<number>;
}

/** The commands and flags of the program. `exit` gets the exit code of the command that was called. */
export function commandLine(
  version: string,
  actions: (program: Command) => Actions,
  exit: (code: number) => void,
): Command {
  const program = new Command(programName())
    .description('Runs the topologies of a pipeline: every one but those marked `autostart: false`, in one process.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .option('--topology <name>', 'only this one; repeat, or separate by commas, for several', names)
    .option(
      '--profile <name>',
      'the overlay in config/ to apply; else FDP_PROFILE, else the one that the pipeline names',
    )
    .option('--pipeline <file>', 'the pipeline to read; else pipeline.yml')
    .exitOverride()
    .configureOutput({ writeOut: print })
    .showSuggestionAfterError();
  const does = actions(program);
  program.action(async () => {
    const [unknown] = program.args;
    if (unknown === undefined) return exit(await does.start());
    const known = program.commands.map((command) => command.name());
    throw new FdpError('FDP_USAGE', `unknown command "${unknown}": ${suggestion(unknown, known, 'commands')}`);
  });
  pipelineCommands(program, does, exit);
  pluginCommands(program, does, exit);
  runningCommands(program, does, exit);
  letterCommands(program, does, exit);
  gapCommands(program, does, exit);
  keyCommands(program, does.keys, exit);
  tapeCommands(program, does.tape, exit);
  program
    .command('completion')
    .argument('<shell>', `one of ${shells.join(', ')}`)
    .description('print what completes commands and flags in a shell')
    .action(async (shell: string) => exit(await does.completion(shell, program)));
  // Set last, since commands inherit it: they refuse arguments that they would ignore.
  return refusesInOneLine(program.allowExcessArguments(true));
}

type Exit = (code: number) => void;

function pipelineCommands(program: Command, does: Actions, exit: Exit): void {
  initCommand(program).action((dir: string | undefined, flags: InitFlags) => exit(does.init(dir, flags)));
  program
    .command('validate')
    .description('check the pipeline, start nothing')
    .addOption(json())
    .action(async (flags) => exit(await does.validate(flags)));
  program
    .command('config')
    .description('print the resolved pipeline, secrets masked, each value with its origin')
    .addOption(json())
    .action(async (flags) => exit(await does.config(flags)));
  testCommand(program).action(async (files: string[], flags: TestFlags) => exit(await does.test(files, flags)));
  simulateCommand(program).action(async (flags: SimulateFlags) => exit(await does.simulate(flags)));
  program
    .command('list [kind] [name]')
    .description('print what exists (connectors, operators, functions of plugins, topologies), or the options of one')
    .addOption(json())
    .action(async (kind: string | undefined, name: string | undefined, flags) =>
      exit(
        await does.list(
          [kind, name].filter((each) => each !== undefined),
          flags,
        ),
      ),
    );
  program
    .command('explain [topologies...]')
    .description(
      'print what each topology does, and what each path to a sink guarantees: all that start, or those named',
    )
    .addOption(json())
    .action(async (topologies: string[], flags) => exit(await does.explain(topologies, flags)));
  program
    .command('graph [topologies...]')
    .description('print a picture of the topologies that start, or of those named')
    .addOption(new Option('--format <format>', 'of the picture').choices(graphFormats).default('ascii'))
    .action(async (topologies: string[], flags) => exit(await does.graph(topologies, flags)));
}

function runningCommands(program: Command, does: Actions, exit: Exit): void {
  program
    .command('status')
    .description('print every running process that reports to the status table: a line a topology')
    .option('--all', 'with graphs, nodes and options')
    .option('--watch', 'again every second, until stopped')
    .addOption(json())
    .action(async (flags) => exit(await does.status(flags)));
  program
    .command('produce <connector>')
    .description('put messages from the standard input into a log: one JSON value a line')
    .option('--key <key>', 'the key of all of them')
    .option('--whole', 'the whole input is one message, whatever it holds')
    .action(async (connector: string, flags) => exit(await does.produce(connector, flags)));
  exportCommand(program, does, exit);
  reconcileCommand(program, does, exit);
  counterCommand(program, does, exit, 'counters', false);
  counterCommand(program, does, exit, 'positions', true);
}

function exportCommand(program: Command, does: Actions, exit: Exit): void {
  program
    .command('export <table>')
    .description('write the rows of a table into a file, in the order of time')
    .option('--symbol <symbol>', 'only those of this symbol; as --where symbol=SYMBOL')
    .option('--where <field=value...>', 'only those whose field has this value')
    .option('--from <time>', 'only those from this time on: RFC 3339, a date, Unix ms, or -15m')
    .option('--to <time>', 'only those before this time')
    .option('--by <field>', 'the date field that orders them; else the first one of the table')
    .addOption(new Option('--format <format>', 'of the file').choices(exportFormats).default('csv'))
    .option('-o, --output <file>', 'the file; else the standard output')
    .action(async (table: string, flags: ExportFlags) => exit(await does.export(table, flags)));
}

function reconcileCommand(program: Command, does: Actions, exit: Exit): void {
  program
    .command('reconcile [table]')
    .description('recompute the counts of a table, or of all, and print what differs; exit code 4 when some is left')
    .option('--symbol <symbol>', 'only the rows of this symbol')
    .option('--from <time>', 'only bars from this time on: RFC 3339, a date, Unix ms, or -15m')
    .option('--to <time>', 'only bars before this time')
    .option('--from-log', 'recompute from the messages of the log, also where what was counted is stored')
    .option('--repair', 'correct the rows that differ; processors may run meanwhile')
    .addOption(json())
    .action(async (table: string | undefined, flags: ReconcileFlags) => exit(await does.reconcile(table, flags)));
}

/** `counters forget`; `positions forget` is its former name, and hidden. */
function counterCommand(program: Command, does: Actions, exit: Exit, name: string, hidden: boolean): void {
  program
    .command(name, { hidden })
    .description('what counters remember of a log')
    .command('forget')
    .description('lower the marks of counters that do not fit the log of --topology NAME')
    .action(async () => exit(await does.forgetCounters()));
}

function letterCommands(program: Command, does: Actions, exit: Exit): void {
  const letters = program.command('dead-letters').description('messages that could not be delivered');
  letters
    .command('list')
    .description('print them, the newest last')
    .option('--all', 'those that were dropped, too')
    .addOption(json())
    .action(async (flags) => exit(await does.letters.list(flags)));
  letters
    .command('show <id>')
    .description('print one whole')
    .addOption(json())
    .action(async (id: string, flags) => exit(await does.letters.show(id, flags)));
  letters
    .command('replay [ids...]')
    .description('offer those that are open, or those named, to their topology again; twice changes nothing')
    .option('--again', 'those, too, that were replayed before')
    .addOption(json())
    .action(async (ids: string[], flags) => exit(await does.letters.replay(ids, flags)));
  letters
    .command('drop <ids...>')
    .description('mark them as done with: neither listed nor replayed any more')
    .addOption(json())
    .action(async (ids: string[], flags) => exit(await does.letters.drop(ids, flags)));
}

function gapCommands(program: Command, does: Actions, exit: Exit): void {
  const gaps = program.command('gaps').description('when feeds were away, as the table of gaps has it');
  const command = (name: string, description: string, options: CommandOptions = {}) =>
    gaps
      .command(name, options)
      .description(description)
      .option('--symbol <symbol>', 'only for this symbol')
      .addOption(json());
  command('list', 'print them, the newest first', { isDefault: true }).action(async (flags: GapFlags) =>
    exit(await does.gaps.list(flags)),
  );
  command('show <id>', 'print all fields of one').action(async (id: string, flags: GapFlags) =>
    exit(await does.gaps.show(id, flags)),
  );
  command('close <id>', 'end an open one now, when its feed never comes back').action(
    async (id: string, flags: GapFlags) => exit(await does.gaps.close(id, flags)),
  );
}
