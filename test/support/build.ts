import { spawnSync } from 'node:child_process';

/** Builds dist/ once before processes are started from it. */
export function setup(): void {
  const build = spawnSync(process.execPath, ['bin/build.js'], { stdio: 'inherit' });
  if (build.status !== 0) throw new Error('the build failed');
}
