import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ends } from '../support/cli/ends.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { logOf } from '../support/cli/stored.ts';
import { workspaceIn } from '../support/cli/workspace.ts';
import { blockNamed } from '../support/docs/blocks.ts';

describe('fdp produce', () => {
  it('puts lines or the whole input into a log, and reports how many', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const lines = '{"a":1}\n\n"text"\n[2]';
    expect(await ends(['produce', 'ticks', '--key', 'AAPL'], { env, input: lines })).toMatchObject({
      code: 0,
      stdout: '3 messages put into ticks\n',
    });
    expect(
      await ends(['produce', 'ticks', '--key', 'AAPL', '--whole'], { env, input: 'no JSON\nat all' }),
    ).toMatchObject({ code: 0, stdout: '1 message put into ticks\n' });
    expect(logOf(folder.path).map(({ key, value }) => [key, value])).toEqual([
      ['AAPL', '{"a":1}'],
      ['AAPL', '"text"'],
      ['AAPL', '[2]'],
      ['AAPL', 'no JSON\nat all'],
    ]);
  });

  it('stops at a line that is not JSON, and names it; refuses a connector that is not a log', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const { code, stderr } = await ends(['produce', 'ticks'], { env, input: '{"a":1}\nno\n{"b":2}\n' });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^fdp: produce: line 2: expected JSON: .*\(1 message put into ticks\)\n$/),
    ]);
    expect(await ends(['produce', 'tiks'], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "ticks"'),
    });
    expect(await ends(['produce', 'trades'], { env })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('trades is not a log; the logs are ticks, rejected'),
    });
  });

  it('appends a poison message, as docs/operate.md does, and another: each becomes a dead letter', async () => {
    const { text } = blockNamed('docs/operate.md', 'poison');
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const commands = text.replaceAll('npx fdp', `'${process.execPath}' bin/fdp-run.js`);
    const shell = spawn('sh', ['-ec', commands], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.on('data', (chunk) => {
        output += chunk;
      });
    const [code] = await once(shell, 'close');
    expect(code, output).toBe(0);
    expect(logOf(folder.path).length).toBeGreaterThan(0);
    await using processor = new Process(['--topology', 'processor'], env);
    await eventually('both letters', async () => logOf(folder.path, 'raw_stock_ticks.rejected').length === 2);
    expect(await processor.stop()).toBe(0);
  });
});
