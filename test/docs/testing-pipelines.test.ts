import { cpSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { type Actions, commandLine, type Flags } from '../../src/cli/command-line.ts';
import { testPipeline } from '../../src/cli/test.ts';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { tested } from '../support/cli/pipeline-tests.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { blockNamed } from '../support/docs/blocks.ts';
import { commandsOf, fdpArguments } from '../support/docs/commands.ts';

const page = 'docs/testing-pipelines.md';
const counters = blockNamed(page, 'counters').text;

/** Runs `fdp-run test ...` in a folder with the shipped pipeline, its tests and `my.test.yml`; gives the exit code and the output. */
async function run(args: readonly string[], pipelinePath: string): Promise<{ exitCode: number; text: string }> {
  const result = { exitCode: -1, text: '' };
  const actions = (program: Command): Pick<Actions, 'test'> => ({
    test: async (files, flags) => {
      const { topology: topologies } = program.opts<Flags>();
      const components = { connectors, operators };
      const folder = dirname(pipelinePath);
      const request = {
        pipelinePath,
        profile: undefined,
        env: {},
        components,
        folder,
        ...(topologies && { topologies }),
      };
      const { text, exitCode } = await testPipeline(request, files, flags);
      result.text = text;
      return exitCode;
    },
  });
  const program = commandLine('0', actions as (program: Command) => Actions, (code) => {
    result.exitCode = code;
  });
  await program.parseAsync(args, { from: 'user' });
  return result;
}

describe('docs/testing-pipelines.md', () => {
  it.each([
    ['README.md', 'test'],
    [page, 'counters'],
  ])('%s: the example "%s" passes', async (file, name) => {
    expect((await tested(blockNamed(file, name).text)).text).toContain('1 test: 1 passed');
  });

  it('shows a failure as it is printed', async () => {
    const { text } = await tested(counters.replace('tradeCount: 2', 'tradeCount: 3'));
    expect(text).toContain(blockNamed(page, 'failure').text);
  });

  it.each([
    [page, 'commands'],
    ['docs/command-line.md', 'tests'],
  ])('%s: the commands of "%s" run', async (file, name) => {
    using folder = temporaryFolder();
    const pipeline = pipelineCopy(folder.path);
    cpSync('tests', join(dirname(pipeline), 'tests'), { recursive: true });
    writeFileSync(join(dirname(pipeline), 'my.test.yml'), counters);
    for (const command of commandsOf(blockNamed(file, name))) {
      const { exitCode, text } = await run(fdpArguments(command) ?? [], pipeline);
      expect(text).toMatch(/\d+ tests?: \d+ passed \(seed \d\)\n$/);
      expect(exitCode).toBe(0);
    }
  });
});
