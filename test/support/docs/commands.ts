import { CommanderError } from 'commander';
import { type Actions, commandLine } from '../../../src/cli/command-line.ts';
import type { Block } from './blocks.ts';

/** A command line in a block of shell code. */
export interface ShellCommand {
  readonly block: Block;
  /** Variables that are set for this command alone. */
  readonly env: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  /** The command as written, without its comment. */
  readonly text: string;
}

/** All commands of a block: a line may have several, joined by `&&` or `|`. */
export function commandsOf(block: Block): readonly ShellCommand[] {
  return block.text.split('\n').flatMap((line) => {
    const text = line.replace(/(^|\s)#.*$/, '').trim();
    const parts = text === '' ? [] : splitOutsideQuotes(text);
    return parts.map((part) => {
      const words = (part.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));
      const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
      const env = Object.fromEntries(words.slice(0, first).map((word) => word.split(/=(.*)/s).slice(0, 2)));
      return { block, env, words: words.slice(first), text: part };
    });
  });
}

function splitOutsideQuotes(text: string): readonly string[] {
  const hidden = text.replace(/'[^']*'|"[^"]*"/g, (quoted) => '\u0000'.repeat(quoted.length));
  const separators = [...hidden.matchAll(/\s+(&&|\|\||\|)\s+/g)];
  const ends = [...separators.map(({ index }) => index), text.length];
  const starts = [0, ...separators.map(({ index, 0: found }) => index + found.length)];
  return starts.map((start, at) => text.slice(start, ends[at]).trim());
}

/** The arguments of the program in a command, however it is invoked; undefined for another program. */
export function fdpArguments({ words }: ShellCommand): readonly string[] | undefined {
  const calls = [['fdp'], ['npx', 'fdp'], ['node', 'bin/fdp-run.js'], ['npm', 'start', '--']];
  const call = calls.find((each) => each.every((word, at) => words[at] === word));
  if (!call) return undefined;
  const end = words.findIndex((word) => word === '<' || word === '>');
  return words.slice(call.length, end === -1 ? undefined : end);
}

/** The problems that `fdp` finds in arguments, and the topologies that they name; nothing is run. */
export async function parsed(
  args: readonly string[],
): Promise<{ readonly problem?: string; readonly topologies: readonly string[] }> {
  let called = false;
  const done = () => {
    called = true;
    return 0;
  };
  const later = () => Promise.resolve(done());
  const actions: Actions = {
    start: later,
    validate: later,
    config: later,
    schema: later,
    list: later,
    explain: later,
    graph: later,
    test: later,
    simulate: later,
    keys: { add: later, list: later, remove: later },
    status: later,
    init: done,
    create: done,
    export: later,
    produce: later,
    completion: later,
    letters: { list: later, show: later, replay: later, drop: later },
    gaps: { list: later, show: later, close: later },
    reconcile: later,
    tape: { record: later, diff: later, replay: later },
    forgetCounters: later,
  };
  const program = commandLine(
    '0.0.0',
    () => actions,
    () => undefined,
  );
  program.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) return { problem: String(error), topologies: [] };
    called = true;
  }
  const { topology = [] } = program.opts<{ readonly topology?: readonly string[] }>();
  return called ? { topologies: topology } : { problem: 'no command was called', topologies: [] };
}

/** True if the command runs until it is stopped. */
export function startsRuns(words: readonly string[]): boolean {
  const [program = '', ...rest] = words[0] === 'npx' ? words.slice(1) : words;
  if (program === 'npm') return rest[0] === 'start' || rest[1] === 'dashboard';
  if (program === 'nc') return true;
  const flags = ['--topology', '--profile', '--pipeline'];
  const isOwn = rest.every((word, at) => flags.includes(word) || flags.includes(rest[at - 1] ?? ''));
  return program === 'fdp' && (isOwn || rest.includes('--watch'));
}
