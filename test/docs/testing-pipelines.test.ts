import { cpSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testPipeline } from '../../src/cli/test/test.ts';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { tested } from '../support/cli/pipeline-tests.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { blockNamed } from '../support/docs/blocks.ts';
import { commandsOf, fdpArguments } from '../support/docs/commands.ts';
import { ranCommand } from '../support/docs/run-command.ts';

const page = 'docs/testing-pipelines.md';
const counters = blockNamed(page, 'counters').text;

/** Runs `fdp test ...` in a folder with the shipped pipeline, its tests and `my.test.yml`; gives the exit code and the output. */
const run = (args: readonly string[], pipelinePath: string) =>
  ranCommand(args, pipelinePath, (request, show) => ({
    test: async (files, flags) => show(await testPipeline(request(), files, flags)),
  }));

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
