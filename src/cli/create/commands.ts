import type { Command } from 'commander';
import { createKinds } from './create.ts';

/** The implementations of the commands for plugins; each returns its exit code. */
export interface PluginActions {
  schema(): Promise<number>;
  create(kind: string, name: string, flags: { readonly dir?: string }): number;
}

export function pluginCommands(program: Command, does: PluginActions, exit: (code: number) => void): void {
  program
    .command('schema')
    .description('print the JSON Schema of the pipeline for editors, with the options of its plugins')
    .action(async () => exit(await does.schema()));
  program
    .command('create <kind> <name>')
    .description(`write a plugin to start from, and its test: ${createKinds.join(', ')}`)
    .option('--dir <folder>', 'where; else operators, connectors or functions')
    .action((kind: string, name: string, flags: { dir?: string }) => exit(does.create(kind, name, flags)));
}
