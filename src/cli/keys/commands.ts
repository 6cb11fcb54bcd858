import type { Command } from 'commander';
import { json, names } from '../shared/flags.ts';
import type { KeyFlags } from './keys.ts';

/** The implementations of the commands; each returns its exit code. */
export interface KeyActions {
  add(name: string, flags: KeyFlags & { readonly scope?: readonly string[] }): Promise<number>;
  list(flags: KeyFlags): Promise<number>;
  remove(name: string, flags: KeyFlags): Promise<number>;
}

/** `keys add`, `keys list`, `keys remove`. `exit` gets the exit code of the one that was called. */
export function keyCommands(program: Command, does: KeyActions, exit: (code: number) => void): void {
  const keys = program
    .command('keys')
    .description('who may ask the API and the feed, where their connectors have `keys`');
  const command = (name: string, description: string) =>
    keys
      .command(name)
      .description(description)
      .option('--connector <name>', 'the connector, where several have keys')
      .option('--file <path>', 'the file of the keys, such as that of OBSERVE_KEYS')
      .addOption(json());
  command('add <name>', 'add a key, and print it once')
    .option('--scope <scope>', 'read, stream or admin; repeat, or separate by commas, for several; else read', names)
    .action(async (name: string, flags) => exit(await does.add(name, flags)));
  command('list', 'print the names and scopes of all keys').action(async (flags: KeyFlags) =>
    exit(await does.list(flags)),
  );
  command('remove <name>', 'remove a key: within a second nobody is let in with it').action(
    async (name: string, flags: KeyFlags) => exit(await does.remove(name, flags)),
  );
}
