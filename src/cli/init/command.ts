import { type Command, Option } from 'commander';
import { templateNames } from './init.ts';

/** `init [DIR]`, without its action. */
export function initCommand(program: Command): Command {
  return program
    .command('init [dir]')
    .description('write a pipeline and its tests into this folder, or another')
    .addOption(
      new Option('--template <name>', 'the shipped platform, or the smallest pipeline')
        .choices(templateNames)
        .default('platform'),
    );
}
