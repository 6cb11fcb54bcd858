import type { Command } from 'commander';
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

describe('fdp', () => {
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
    let text = '';
    const program = commandLine(
      '0.0.0',
      () => actions,
      () => undefined,
    );
    const quiet = (command: Command) => {
      command.configureOutput({ writeErr: (part) => (text += part) });
      command.commands.forEach(quiet);
    };
    quiet(program);
    await expect(program.parseAsync(args, { from: 'user' })).rejects.toThrow('too many arguments');
    if (args.includes('other.yml')) expect(text).toContain('--pipeline FILE');
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
