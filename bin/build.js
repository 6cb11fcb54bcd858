#!/usr/bin/env node
// Bundles the sources into dist/ when they are newer than the last build. Plain JavaScript: it runs before anything is built.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What of the page goes to dist/ as it is. */
const assets = new Set(['.html', '.svg']);
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const stamp = join(dist, '.built');
const types = join(dist, 'types');
const inputs = ['src', 'connectors', 'operators', 'page', 'tsconfig.json', 'tsconfig.types.json', 'package.json'];

/** Few files instead of hundreds: a process starts in half of the time. Packages stay what they are. */
const bundle = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  chunkNames: 'parts/[name]-[hash]',
  metafile: true,
  logLevel: 'warning',
};
/** What runs, and what the package exports; they share their parts, so that a plugin has the same kit as the engine. */
const program = {
  ...bundle,
  entryPoints: {
    main: 'src/cli/main.ts',
    kit: 'src/kit/index.ts',
    testing: 'src/testing/index.ts',
    'stage-worker': 'src/cli/simulate/stage-worker.ts',
  },
  outdir: 'dist',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  sourcemap: true,
};
const page = {
  ...bundle,
  entryPoints: ['page/main.ts', 'page/docs.ts', 'page/style.css', 'page/docs.css'],
  outdir: 'dist/page',
  platform: 'browser',
  target: 'es2022',
  external: ['/assets/*'],
};

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

/**
 * Builds if needed, in well under a second; types are checked by `npm run typecheck`. Ends the process with 1 and one line when esbuild
 * is missing, or finds errors, which it has printed.
 */
export async function buildIfStale() {
  if (!isStale()) return;
  const startedAt = new Date();
  const { build } = await import('esbuild').catch(() => {
    process.stderr.write('fdp: dist/ is not built and esbuild is not installed: run "npm ci" first\n');
    process.exit(1);
  });
  try {
    const built = await Promise.all([build(program), build(page)]);
    copyAssets();
    removeOthers(built.flatMap(({ metafile }) => Object.keys(metafile.outputs)));
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error;
    process.exit(1);
  }
  writeFileSync(stamp, `${startedAt.toISOString()}\n`);
}

/** The types of what the package exports, which only who installs it needs: a new build has none yet. */
function declareTypes() {
  if (!existsSync(stamp) || existsSync(types)) return;
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.types.json')], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.exit(1);
}

function copyAssets() {
  const [from, to] = [join(root, 'page'), join(root, 'dist', 'page')];
  for (const name of readdirSync(from).filter((file) => assets.has(extname(file))))
    copyFileSync(join(from, name), join(to, name));
}

/** Parts have names with a hash: those of the last build would be packed with the rest. */
function removeOthers(outputs) {
  const made = new Set([stamp, ...outputs.map((path) => join(root, path))]);
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !made.has(path) && !assets.has(extname(path))) rmSync(path, { force: true });
  }
  rmSync(types, { recursive: true, force: true });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildIfStale();
  declareTypes();
  const missing = inputs.filter((name) => !existsSync(join(root, name)));
  if (!existsSync(stamp)) {
    process.stderr.write(`build: nothing was built: ${missing.join(', ')} is missing\n`);
    process.exit(1);
  }
}
