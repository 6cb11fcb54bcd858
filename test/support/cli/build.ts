import { spawnSync } from 'node:child_process';

/** Builds dist/ once before tests start processes from it; `FDP_TEST_BUILD=none` skips it for tests that start none. */
export function setup(): void {
  if (process.env['FDP_TEST_BUILD'] === 'none') return;
  const build = spawnSync(process.execPath, ['bin/build.js'], { stdio: 'inherit' });
  if (build.status !== 0) throw new Error('the build failed');
}
