import type { Command } from 'commander';
import { json } from '../shared/flags.ts';
import type { DiffFlags } from './diff.ts';
import type { RecordFlags } from './record.ts';
import type { ReplayFlags } from './replay.ts';

/** The implementations of the commands; each returns its exit code. */
export interface TapeActions {
  record(flags: RecordFlags): Promise<number>;
  diff(other: string, flags: DiffFlags): Promise<number>;
  replay(folder: string, flags: ReplayFlags): Promise<number>;
}

/** Adds the commands that make and read tapes. */
export function tapeCommands(program: Command, does: TapeActions, exit: (code: number) => void): void {
  program
    .command('record')
    .description('put a part of a log on a tape, a folder; exit code 2 when no message is in range')
    .requiredOption('--from <log>', 'the log, as the pipeline names it')
    .option('--since <time>', 'only messages from this time on: 1h (before now), RFC 3339, a date, or Unix ms')
    .option('--to <time>', 'only messages before this time')
    .option('--symbol <symbol>', 'only messages with this key')
    .requiredOption('-o, --output <folder>', 'the tape; it must not be there yet')
    .addOption(json())
    .action(async (flags: RecordFlags) => exit(await does.record(flags)));
  program
    .command('replay <folder>')
    .description(
      'run the topologies with a tape in the place of its log, until stopped; space pauses, left and right step',
    )
    .option('--speed <speed>', 'how many times as fast: 1x, 60x, or max', '1x')
    .option('--data <folder>', 'where tables are kept, as SQLite; else in memory')
    .option('--exit', 'end once all of the tape is processed')
    .action(async (folder: string, flags: ReplayFlags) => exit(await does.replay(folder, flags)));
  program
    .command('diff <other>')
    .description('run this pipeline and another one on the same messages, in memory; print what differs at each sink')
    .option('--tape <folder>', 'the messages: a tape')
    .option('--last <duration>', 'the messages: the last 1h of the log')
    .option('--from <log>', 'with --last: the log; else the one that the topologies read')
    .addOption(json())
    .action(async (other: string, flags: DiffFlags) => exit(await does.diff(other, flags)));
}
