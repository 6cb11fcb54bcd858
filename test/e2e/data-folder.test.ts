import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Installation } from '../support/cli/installation.ts';
import { eventually, temporaryFolder } from '../support/cli/platform.ts';
import { get } from '../support/cli/workspace.ts';

const isStoring = (platform: Installation, api: string) =>
  eventually('trades stored', async () => {
    const trades = (await get(`${api}/api/v1/symbols`))?.body['data'] as { available?: readonly object[] } | undefined;
    return (trades?.available?.length ?? 0) > 0 && platform.storedTrades > 50;
  });

const gone = (file: string) => `ended: ${file} (from FDP_DATA): was removed or replaced while in use: restart fdp`;

describe('the data folder', () => {
  it('that is deleted under a running platform ends it with 1 and a line per file; restarted it continues', async () => {
    using folder = temporaryFolder();
    const platform = await Installation.in(folder.path, '200/s');
    const { api } = platform.workspace;
    await using first = platform.start(['ingestor', 'processor', 'analytics', 'api']);
    await isStoring(platform, api);
    rmSync(dirname(platform.storeFile), { recursive: true });
    let ended: number | string | undefined;
    void first.ended.then((code) => {
      ended = code;
    });
    await eventually('the end of the platform', async () => {
      // An open page polls all the time; a lookup notices the deletion when it is queried.
      await get(`${api}/api/v1/symbols`);
      return ended !== undefined;
    });
    expect([ended, first.output]).toEqual([1, expect.stringContaining('was removed or replaced while in use')]);
    const ends = first.log.filter(({ msg }) => msg.startsWith('ended'));
    const all = ['analytics', 'api', 'ingestor', 'processor'];
    expect(ends.map(({ topology }) => topology).sort()).toEqual(all);
    const causes = first.log.filter(({ level }) => level === 'error').map(({ msg }) => msg);
    expect(causes.sort()).toEqual([gone(platform.logFile), gone(platform.storeFile)]);
    await using second = platform.start(['ingestor', 'processor', 'analytics', 'api']);
    await isStoring(platform, api);
    expect(await second.stop()).toBe(0);
    await platform.catchUp();
    expect(platform.differences()).toEqual([]);
  });
});

describe('a process that may open few files', () => {
  // How many files are enough depends on the version of Node.js.
  it('works, or ends with 1 and one line that names the remedy', () => {
    for (const limit of [24, 30, 48, 64]) {
      const command = `ulimit -n ${limit}; exec "${process.execPath}" bin/fdp-run.js validate`;
      const { status, stderr, stdout } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
      const cure = /^fdp: this process may not open the \d+ files that it needs: raise the limit.*\n$/;
      if (status === 0) expect([limit, stdout, stderr]).toEqual([limit, expect.stringContaining(' is valid'), '']);
      else expect([limit, status, stdout, stderr]).toEqual([limit, 1, '', expect.stringMatching(cure)]);
    }
  });
});
