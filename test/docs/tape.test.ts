import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { record } from '../../src/cli/tape/record.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { appended, logPipeline } from '../support/cli/tape.ts';
import { blockNamed } from '../support/docs/blocks.ts';
import { commandsOf, fdpArguments } from '../support/docs/commands.ts';
import { ranCommand } from '../support/docs/run-command.ts';

describe('docs/tape.md', () => {
  it('the commands of "record" run', async () => {
    using folder = temporaryFolder();
    const pipeline = logPipeline(folder.path);
    await appended(pipeline, [{ key: 'AAPL', timestamp: Date.now(), value: { p: 1 } }]);
    for (const command of commandsOf(blockNamed('docs/tape.md', 'record'))) {
      const { exitCode, text } = await ranCommand(
        fdpArguments(command) ?? [],
        pipeline.pipelinePath,
        (request, show) => ({
          tape: { record: async (flags) => show(await record(request(), flags)) },
        }),
      );
      expect(text).toMatch(/^1 message of ticks, .* recorded in \w+\n$/);
      expect(exitCode).toBe(0);
    }
    expect(readdirSync(join(folder.path, 'noon')).sort()).toEqual(['messages.ndjson.gz', 'tape.json']);
  });
});
