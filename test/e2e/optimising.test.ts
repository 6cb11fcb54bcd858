import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/cli/platform.ts';

/** How many functions V8 optimises while a command runs. */
async function optimisedIn(...args: readonly string[]): Promise<number> {
  using folder = temporaryFolder();
  const env = { PATH: process.env['PATH'], FDP_DATA: folder.path };
  const command = ['--trace-opt', resolve('bin/fdp-run.js'), ...args];
  const { stdout } = await promisify(execFile)(process.execPath, command, { env, maxBuffer: 2 ** 26 });
  return stdout.split('completed optimizing').length - 1;
}

describe('what V8 optimises', () => {
  it('is nothing that reads a pipeline once', async () => {
    expect(await optimisedIn('validate')).toBeLessThan(5);
  });

  it('is what then runs often', async () => {
    expect(await optimisedIn('simulate', '--hours', '0.05', '--rate', '50/s')).toBeGreaterThan(50);
  });
});
