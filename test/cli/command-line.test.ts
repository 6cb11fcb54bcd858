import type { Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { type Actions, commandLine } from '../../src/cli/command-line.ts';
import { completion, shells } from '../../src/cli/completion.ts';

describe('fdp counters forget', () => {
  it.each(['counters', 'positions'])('is called by "%s forget"', async (name) => {
    const exits: number[] = [];
    const program = commandLine(
      '0.0.0',
      () => actions,
      (code) => exits.push(code),
    );
    await program.parseAsync([name, 'forget', '--topology', 'processor'], { from: 'user' });
    expect(exits).toEqual([7]);
  });

  it('is shown by its name of today only', () => {
    const program = commandLine(
      '0.0.0',
      () => actions,
      () => undefined,
    );
    const texts = [
      program.helpInformation(),
      ...shells.map((shell) => completion(shell, program, { connectors, operators })),
    ];
    for (const text of texts) {
      expect(text).toContain('counters');
      expect(text).not.toContain('positions');
    }
  });
});

describe('completion', () => {
  const script = (shell: string) => {
    const program = commandLine(
      '0.0.0',
      () => actions,
      () => undefined,
    );
    return completion(shell, program, { connectors, operators });
  };

  it.each([
    ['bash', /^complete -o default -F _fdp fdp fdp-run$/m],
    ['zsh', /^#compdef fdp fdp-run\n[\s\S]*^compdef _fdp fdp fdp-run$/m],
    ['fish', /^complete -c fdp-run --wraps fdp$/m],
  ])('%s completes both names of the program', (shell, line) => expect(script(shell)).toMatch(line));
});

/** What the program prints when it refuses these arguments, and the code of the refusal. */
async function refusal(args: readonly string[]) {
  let text = '';
  const program = commandLine(
    '0.0.0',
    () => actions,
    () => undefined,
  );
  for (const { command } of commandsOf(program)) command.configureOutput({ writeErr: (part) => (text += part) });
  const error = await program.parseAsync(args, { from: 'user' }).then(
    () => undefined,
    (error: CommanderError) => error,
  );
  return { text, code: error?.code };
}

interface Called {
  readonly command: Command;
  /** Its words. */
  readonly called: readonly string[];
}

/** The program, and every command of it. */
function commandsOf(command: Command, called: readonly string[] = []): readonly Called[] {
  return [{ command, called }, ...command.commands.flatMap((each) => commandsOf(each, [...called, each.name()]))];
}

describe('fdp', () => {
  const all = commandsOf(
    commandLine(
      '0.0.0',
      () => actions,
      () => undefined,
    ),
  );
  const named = all.map(({ command, called }) => [['fdp', ...called].join(' '), called, command] as const);

  it('has more than 25 commands, each with a help that says how it is called', () => {
    expect(all.length).toBeGreaterThan(30);
    for (const [name, , command] of named) {
      expect(command.helpInformation()).toContain(`Usage: ${name}`);
      expect(command.description()).not.toBe('');
    }
  });

  it.each(named)('%s refuses an unknown flag in one line', async (name, called) => {
    const { text, code } = await refusal([...called, '--unknown-flag']);
    // What is required and missing comes first. `gaps` is `gaps list`.
    if (code === 'commander.missingMandatoryOptionValue') expect(text).toMatch(/^fdp: required option "-[^\n]+\n$/);
    else expect([code, text]).toEqual(['commander.unknownOption', expect.stringMatching(/^fdp: [^\n]+\n$/)]);
    expect(text).toMatch(new RegExp(`: ("${name}( list)? --help" lists what it takes|did you mean --[a-z-]+\\?)\n$`));
  });

  it.each(named.filter(([, , { registeredArguments }]) => registeredArguments.some(({ required }) => required)))(
    '%s refuses to run without what it needs, in one line',
    async (name, called) => {
      expect((await refusal(called)).text).toMatch(
        new RegExp(`^fdp: missing required argument "[a-z]+": "${name} --help" lists what it takes\n$`),
      );
    },
  );

  it.each([
    [['validate', '--jsn'], 'unknown option "--jsn": did you mean --json?'],
    [['dead-letters', 'lst'], 'unknown command "lst": did you mean list?'],
    [
      ['graph', '--format', 'png'],
      'option "--format <format>" argument "png" is invalid. Allowed choices are ascii, mermaid: "fdp graph --help" lists what it takes',
    ],
    [['export'], 'missing required argument "table": "fdp export --help" lists what it takes'],
  ])('refuses %j: %s', async (args, text) => expect((await refusal(args)).text).toBe(`fdp: ${text}\n`));

  it.each([
    ['validate', 'other.yml'],
    ['config', 'other.yml'],
    ['init', 'folder', 'another'],
    ['status', 'all'],
    ['dead-letters', 'list', 'topology'],
    ['counters', 'forget', 'processor'],
    ['gaps', 'folder'],
    ['gaps', 'close', 'finnhub-1', 'finnhub-2'],
  ])('refuses an argument that it would ignore: %s %s', async (...args) => {
    const { text } = await refusal(args);
    expect(text).toMatch(/^fdp: too many arguments [^\n]+\n$/);
    if (args.includes('other.yml')) expect(text).toContain('another pipeline is --pipeline FILE');
  });
});

const unused = () => {
  throw new Error('another command was called');
};
const actions: Actions = {
  start: unused,
  validate: unused,
  config: unused,
  schema: unused,
  test: unused,
  simulate: unused,
  list: unused,
  explain: unused,
  graph: unused,
  status: unused,
  init: unused,
  create: unused,
  export: unused,
  produce: unused,
  tape: { record: unused, diff: unused, replay: unused },
  completion: unused,
  letters: { list: unused, show: unused, replay: unused, drop: unused },
  gaps: { list: unused, show: unused, close: unused },
  keys: { add: unused, list: unused, remove: unused },
  reconcile: unused,
  forgetCounters: () => Promise.resolve(7),
};
