#!/usr/bin/env node
// Compiles the sources into dist/ when they are newer than the last build. Plain JavaScript: it runs before anything is built.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Compiled at the same time. The page shares a few files with the rest, which writes them again; the last: types of the exports. */
const projects = [['page/tsconfig.json', 'tsconfig.build.json'], ['tsconfig.types.json']];
/** What of the page goes to dist/ as it is. */
const assets = new Set(['.html', '.css', '.svg']);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'dist', '.built');
const inputs = [
  'src',
  'connectors',
  'operators',
  'page',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.types.json',
  'package.json',
];

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
export async function buildIfStale() {
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
  await Promise.all(projects.map((inTurn) => compile(compiler, inTurn)));
  copyAssets();
  removeOrphans();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${startedAt.toISOString()}\n`);
}

/** Compiles projects one after the other. Ends the process with 1 when one of them has errors, which the compiler has printed. */
async function compile(compiler, inTurn) {
  for (const project of inTurn) {
    const run = spawn(process.execPath, [compiler, '-p', join(root, project)], { stdio: ['ignore', 2, 2] });
    const [code] = await once(run, 'exit');
    if (code !== 0) process.exit(1);
  }
}

function copyAssets() {
  const [from, to] = [join(root, 'page'), join(root, 'dist', 'page')];
  for (const name of readdirSync(from).filter((file) => assets.has(extname(file))))
    copyFileSync(join(from, name), join(to, name));
}

/** What was made from a file that has gone, or moved, would be packed with the rest. */
function removeOrphans() {
  for (const name of readdirSync(join(root, 'dist'), { recursive: true })) {
    const source = name.replace(/\.(js(\.map)?|d\.ts)$/, '.ts');
    if (source !== name && !existsSync(join(root, source))) rmSync(join(root, 'dist', name), { force: true });
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildIfStale();
  const missing = inputs.filter((name) => !existsSync(join(root, name)));
  if (!existsSync(stamp)) {
    process.stderr.write(`build: nothing was built: ${missing.join(', ')} is missing\n`);
    process.exit(1);
  }
}
