import type { Command } from 'commander';
import { json } from '../shared/flags.ts';

/** Adds the command `simulate` with its flags. */
export function simulateCommand(program: Command): Command {
  return program
    .command('simulate')
    .description('run the pipeline through a day of a simulated market with faults, in memory and on a virtual clock')
    .option('--hours <number>', 'of the market; else 6.5')
    .option('--rate <rate>', 'of trades, such as 50/s; else that')
    .option('--seed <number>', 'of the market and of what goes wrong: the same one gives the same run; else 1')
    .option('--seeds <range>', 'many of them, such as 1..200: a line each, on all cores')
    .option('--until-failure', 'with --seeds: until one fails')
    .option('--faults <file>', 'what goes wrong, as YAML; else a schedule by the seed')
    .addOption(json());
}
