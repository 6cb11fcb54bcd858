import type { Command } from 'commander';
import { programName } from './program.ts';

/** For who names the file of the pipeline as an argument. */
const otherPipeline = 'another pipeline is --pipeline FILE';
const hints: Readonly<Record<string, string>> = { validate: otherPipeline, config: otherPipeline };

/** What the parser refuses is one line, as all other errors are; for a command and those below it. */
export function refusesInOneLine(command: Command, called: string = programName()): Command {
  command.configureOutput({
    outputError: (text, write) => write(`${programName()}: ${refusal(text, command, called)}\n`),
  });
  for (const each of command.commands) refusesInOneLine(each, `${called} ${each.name()}`);
  return command;
}

/** `unknown option "--jsn": did you mean --json?` */
function refusal(text: string, command: Command, called: string): string {
  const [what = '', meant = ''] = text
    .replace(/^error: /, '')
    .trim()
    .split('\n');
  const hint = what.startsWith('too many') ? hints[command.name()] : undefined;
  const [, suggestion] = /^\(Did you mean (.+)\)$/.exec(meant) ?? [];
  const next = suggestion ? `did you mean ${suggestion}` : (hint ?? `"${called} --help" lists what it takes`);
  return `${what.replaceAll("'", '"').replace(/\.$/, '')}: ${next}`;
}
