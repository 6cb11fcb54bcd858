import { dirname } from 'node:path';
import type { Command } from 'commander';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { type Actions, commandLine, type Flags } from '../../../src/cli/command-line.ts';
import type { CommandResult, SpecRequest } from '../../../src/cli/validate.ts';

/** Shows what a command results in, and gives its exit code. */
type Show = (result: CommandResult) => number;

/** Runs the arguments of `fdp` with these commands, in the folder of a pipeline; gives the exit code and the output. */
export async function ranCommand(
  args: readonly string[],
  pipelinePath: string,
  commands: (request: () => SpecRequest, show: Show) => Partial<Actions>,
): Promise<{ readonly exitCode: number; readonly text: string }> {
  const result = { exitCode: -1, text: '' };
  const actions = (program: Command) => {
    const request = () => {
      const { topology: topologies, profile } = program.opts<Flags>();
      const components = { connectors, operators };
      const folder = dirname(pipelinePath);
      return { pipelinePath, profile, env: {}, components, folder, ...(topologies && { topologies }) };
    };
    return commands(request, ({ text, exitCode }) => {
      result.text = text;
      return exitCode;
    });
  };
  const program = commandLine('0', actions as (program: Command) => Actions, (code) => {
    result.exitCode = code;
  });
  await program.parseAsync(args, { from: 'user' });
  return result;
}
