import type { Command } from 'commander';

/** Adds the command `test` with its flags. */
export function testCommand(program: Command): Command {
  return program
    .command('test [files...]')
    .description('run tests of the pipeline in memory and on a virtual clock: all *.test.yml beside it, or these')
    .option('--seed <number>', 'of chance: the same one gives the same run; else 1')
    .option('--watch', 'again whenever a file changes, until stopped')
    .option('--junit <file>', 'write the results there, too, as JUnit XML')
    .option('--json', 'one JSON object');
}
