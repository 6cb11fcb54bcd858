import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { diff } from '../../src/cli/tape/diff.ts';
import { record } from '../../src/cli/tape/record.ts';
import { replay } from '../../src/cli/tape/replay.ts';
import type { SpecRequest } from '../../src/cli/validate.ts';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { appended, frames, logPipeline, tapeOf } from '../support/cli/tape.ts';
import { blockNamed } from '../support/docs/blocks.ts';
import { commandsOf, fdpArguments, type ShellCommand } from '../support/docs/commands.ts';
import { ranCommand } from '../support/docs/run-command.ts';

const shipped = (pipelinePath: string): SpecRequest => ({
  ...{ pipelinePath, profile: undefined, env: {}, components: { connectors, operators } },
  folder: dirname(pipelinePath),
});

const run = (command: ShellCommand, pipelinePath: string) =>
  ranCommand(fdpArguments(command) ?? [], pipelinePath, (request, show) => ({
    tape: {
      record: async (flags) => show(await record(request(), flags)),
      diff: async (other, flags) => show(await diff(request(), other, flags)),
      replay: async (folder, flags) => replay(request(), folder, flags),
    },
  }));

describe('docs/tape.md', () => {
  it('the commands of "record" run', async () => {
    using folder = temporaryFolder();
    const pipeline = logPipeline(folder.path);
    await appended(pipeline, [{ key: 'AAPL', timestamp: Date.now(), value: { p: 1 } }]);
    for (const command of commandsOf(blockNamed('docs/tape.md', 'record'))) {
      const { exitCode, text } = await run(command, pipeline.pipelinePath);
      expect(text).toMatch(/^1 message of ticks, .* recorded in \w+\n$/);
      expect(exitCode).toBe(0);
    }
    expect(readdirSync(join(folder.path, 'noon')).sort()).toEqual(['messages.ndjson.gz', 'tape.json']);
  });

  it('the commands of "diff" run, and print what is shown', async () => {
    using folder = temporaryFolder();
    const pipeline = pipelineCopy(folder.path);
    const other = readFileSync(pipeline, 'utf8').replace('window: 50', 'window: 51');
    writeFileSync(join(dirname(pipeline), 'other.yml'), other);
    await appended(shipped(pipeline), frames(80, Date.now() - 60_000));
    renameSync(await tapeOf(folder.path, 240), join(dirname(pipeline), 'noon'));
    const [whole, last, ...more] = commandsOf(blockNamed('docs/tape.md', 'diff'));
    if (!whole || !last || more.length > 0) throw new Error('the block has two commands');
    const { text, exitCode } = await run(whole, pipeline);
    expect(text).toBe(blockNamed('docs/tape.md', 'difference').text);
    expect(exitCode).toBe(1);
    expect(await run(last, pipeline)).toMatchObject({ exitCode: 0, text: expect.stringMatching(/the same\n$/) });
  });
});
