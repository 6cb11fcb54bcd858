import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ends } from '../support/cli/ends.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { get, workspaceIn } from '../support/cli/workspace.ts';

describe('a port that is taken', () => {
  it('does not keep a dashboard from starting: it serves its own metrics on the next one, and logs it', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    await using platform = new Process(['--topology', 'simulation'], env);
    await eventually('it observes', async () => platform.output.includes('observe: listening'));
    await using dashboard = new Process(['--topology', 'dashboard'], env);
    await eventually('prices', async () => dashboard.stdout.includes('VWAP'));
    const texts = dashboard.log.map(({ msg }) => msg);
    expect(texts[0]).toMatch(
      new RegExp(
        `^observe: port ${env['OBSERVE_PORT']} \\(from OBSERVE_PORT\\) on 127\\.0\\.0\\.1 is in use by another fdp \\([^)]+, pid ${platform.child.pid}\\): using the next free port$`,
      ),
    );
    expect(texts[1]).toMatch(/^observe: listening on 127\.0\.0\.1 port \d+$/);
    expect(await dashboard.stop()).toBe(0);
    expect(await platform.stop()).toBe(0);
  });

  it('is named with its variable, in the error of a command too', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    const port = Number(new URL(api).port);
    await using holder = new Process(['--topology', 'api'], env);
    await eventually('the API', async () => (await get(`${api}/api/v1/symbols`)) !== undefined);
    expect(await ends(['--topology', 'api'], { env: { ...env, OBSERVE_PORT: '0' } })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `ended: http: port ${port} (from API_PORT) on 127.0.0.1 is in use by another program`,
      ),
    });
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    expect(await ends(['produce', 'ticks'], { env: { FDP_DATA: `${file}/data` }, input: '1\n' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${file}/data (from FDP_DATA): the folder could not be created`),
    });
    expect(await holder.stop()).toBe(0);
  });
});
