#!/usr/bin/env node
// Compiles the sources into dist/ when they are newer than the last build. Plain JavaScript: it runs before anything is built.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');
const inputs = ['src', 'connectors', 'operators', 'tsconfig.json', 'tsconfig.build.json', 'package.json'];

/** The newest modification time (Unix ms) of a file, or of all files below a folder. */
function newest(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stats.mtimeMs);
}

/** True when dist/ is missing or older than the sources; an installed package has no sources and is always current. */
function isStale() {
  const sources = inputs.map((name) => join(root, name));
  if (!sources.every((path) => existsSync(path))) return false;
  return !existsSync(stamp) || Math.max(...sources.map(newest)) > statSync(stamp).mtimeMs;
}

/** Builds if needed. Ends the process with 1 and one line when the compiler is missing or finds errors. */
export function buildIfStale() {
  if (!isStale()) return;
  const startedAt = new Date();
  let compiler;
  try {
    compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    process.stderr.write(
      'fdp-run: dist/ is not built and the TypeScript compiler is not installed: run "npm ci" first\n',
    );
    process.exit(1);
  }
  if (process.stderr.isTTY) process.stderr.write('fdp-run: building once, a few seconds ...\n');
  const run = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], {
    stdio: ['ignore', 2, 2],
  });
  if (run.status !== 0) process.exit(1);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${startedAt.toISOString()}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) buildIfStale();
