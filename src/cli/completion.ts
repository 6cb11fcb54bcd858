import type { Command } from 'commander';
import { FdpError } from '../errors.ts';
import type { Components } from '../pipeline/give/json-schema.ts';
import { createKinds } from './create/create.ts';
import { listedKinds } from './list/list.ts';
import { programName, programNames } from './shared/program.ts';

/** The shells that commands can be completed in. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/**
 * `fdp completion SHELL`: the shell's completion script for both names of the program, made from the commands themselves.
 * `list` completes what there is, plugins of the pipeline included.
 */
export function completion(
  shell: string,
  program: Command,
  { connectors, operators, functions = [] }: Components,
): string {
  const types = [...connectors, ...operators].map(({ type, summary }) => ({ text: type, description: summary }));
  const names = functions.map(({ name, summary }) => ({ text: name, description: summary }));
  const known = wordsOf(program, [...types, ...names]);
  if (shell === 'bash') return bash(known);
  if (shell === 'zsh') return zsh(known);
  if (shell === 'fish') return fish(known);
  throw new FdpError('FDP_USAGE', `completion: expected one of ${shells.join(', ')}, got "${shell}"`);
}

/** Arguments of some commands. */
interface Words {
  /** `dead-letters list`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
}

interface Word {
  readonly text: string;
  readonly description: string;
}

function wordsOf(command: Command, listed: readonly Word[], path: readonly string[] = []): readonly Words[] {
  const help = command.createHelp();
  const shown = help.visibleCommands(command).filter((each) => command.commands.includes(each));
  const commands = shown.map((each) => ({ text: each.name(), description: each.description() }));
  const options = help
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long ? [{ text: long, description }] : []));
  const args: Readonly<Record<string, readonly Word[]>> = {
    completion: bare(shells),
    create: bare(createKinds),
    list: [...new Map([...bare(listedKinds), ...listed].map((word) => [word.text, word])).values()],
  };
  const below = shown.flatMap((each) => wordsOf(each, listed, [...path, each.name()]));
  return [{ path: path.join(' '), commands: [...commands, ...(args[path.join(' ')] ?? [])], options }, ...below];
}

function bare(words: readonly string[]): readonly Word[] {
  return words.map((text) => ({ text, description: '' }));
}

/** Options of the program hold after every command. */
function candidates({ commands, options }: Words, [program]: readonly Words[]): string {
  const all = [...commands, ...options, ...(program?.options ?? [])].map(({ text }) => text);
  return [...new Set(all)].join(' ');
}

function bash(known: readonly Words[]): string {
  const cases = known.map((words) => `    '${words.path}') words='${candidates(words, known)}' ;;`);
  return `# ${programName()} completion bash >> ~/.bashrc
_fdp() {
  local word path='' words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _fdp ${programNames.join(' ')}
`;
}

function zsh(known: readonly Words[]): string {
  const cases = known.map((words) => `    '${words.path}') compadd -- ${candidates(words, known)} ;;`);
  return `#compdef ${programNames.join(' ')}
# ${programName()} completion zsh > a folder of $fpath, as _fdp
_fdp() {
  local path=\${(j: :)\${(@)words[2,CURRENT-1]:#-*}}
  case "$path" in
${cases.join('\n')}
    *) _files ;;
  esac
}
compdef _fdp ${programNames.join(' ')}
`;
}

function fish(known: readonly Words[]): string {
  const quoted = (text: string) => `'${text.replace(/['\\]/g, '\\$&')}'`;
  const lines = known.flatMap(({ path, commands, options }) => {
    const seen =
      path === ''
        ? 'true'
        : path
            .split(' ')
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join('; and ');
    const isOpen =
      commands.length === 0
        ? seen
        : `${seen}; and not __fish_seen_subcommand_from ${commands.map(({ text }) => text).join(' ')}`;
    const each = commands.map(
      ({ text, description }) => `complete -c fdp -f -n ${quoted(isOpen)} -a ${text} -d ${quoted(description)}`,
    );
    const flags = options.map(
      ({ text, description }) => `complete -c fdp -n ${quoted(seen)} -l ${text.slice(2)} -d ${quoted(description)}`,
    );
    return [...each, ...flags];
  });
  return `# ${programName()} completion fish > ~/.config/fish/completions/fdp.fish; ln -s fdp.fish fdp-run.fish there
complete -c fdp-run --wraps fdp
${lines.join('\n')}
`;
}
