#!/usr/bin/env node
// The launcher: a checkout is built when its sources changed, then the command line takes over.
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { buildIfStale } from './build.js';

/** Files that the loader of modules opens at once, about. */
const filesAtStart = 100;

// Until the program runs: see src/cli/shared/optimising.ts.
setFlagsFromString('--no-opt');
try {
  await buildIfStale();
  await import('../dist/main.js');
} catch (error) {
  if (!isOutOfFiles()) throw error;
  const cure = 'raise the limit, for example with "ulimit -n 1024"';
  process.stderr.write(`fdp: this process may not open the ${filesAtStart} files that it needs: ${cure}\n`);
  process.exitCode = 1;
}

/** Whatever the loader makes of it, the system has the last word. */
function isOutOfFiles() {
  const open = [];
  try {
    while (open.length < filesAtStart) open.push(openSync(fileURLToPath(import.meta.url)));
    return false;
  } catch (error) {
    return error.code === 'EMFILE' || error.code === 'ENFILE';
  } finally {
    for (const file of open) closeSync(file);
  }
}
