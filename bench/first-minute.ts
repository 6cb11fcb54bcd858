import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { freePort } from '../test/support/cli/platform.ts';
import { get } from '../test/support/cli/workspace.ts';

// `npm run bench:install [-- --node PATH]`: what the first minute costs who has only Node.js. Packs the package, and runs
// `npx fdp init && npx fdp` with the packed file in an empty folder, with all packages and without the optional ones (but SQLite, where
// Node.js has none of its own); each with an empty cache of npm, with a filled one, and again.

const limitMs = 300_000;
const pollMs = 20;
const { node } = new Command('bench:install')
  .description('What the first minute costs who has only Node.js.')
  .option('--node <path>', 'another Node.js', process.execPath)
  .parse()
  .opts<{ readonly node: string }>();
const root = mkdtempSync(join(tmpdir(), 'fdp-first-minute-'));

/** How npm gets the package. */
interface Way {
  /** The packed file, and packages beside it. */
  readonly packages: readonly string[];
  /** Settings of npm. */
  readonly flags: Readonly<Record<string, string>>;
}

interface Run {
  readonly installMs: number;
  readonly priceMs: number;
}

/** The environment with this Node.js and this cache, and without what `npm run` has added. */
function environment(cache: string, flags: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const PATH = `${dirname(resolve(node))}${delimiter}${process.env['PATH']}`;
  const others = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name));
  return {
    ...Object.fromEntries(others),
    PATH,
    npm_config_cache: cache,
    npm_config_update_notifier: 'false',
    ...flags,
  };
}

/** From an empty folder to the end of `init`, and to the first price on the API. */
async function firstMinute({ packages }: Way, given: NodeJS.ProcessEnv): Promise<Run> {
  const folder = mkdtempSync(join(root, 'folder-'));
  const [API_PORT, TCP_PORT] = [String(await freePort()), String(await freePort())];
  const options = { cwd: folder, env: { ...given, API_PORT, TCP_PORT, OBSERVE_PORT: '0' } };
  const program = ['--yes', ...packages.map((name) => `--package=${name}`), 'fdp'];
  const begin = performance.now();
  const { status, stderr } = spawnSync('npx', [...program, 'init'], { ...options, encoding: 'utf8' });
  if (status !== 0) throw new Error(`init: ${stderr}`);
  const installMs = performance.now() - begin;
  const child = spawn('npx', program, { ...options, stdio: 'ignore', detached: true });
  const ended = once(child, 'exit');
  try {
    while (!(await hasPrice(`http://127.0.0.1:${API_PORT}/api/v1/trades/AAPL?limit=1`))) {
      if (performance.now() - begin > limitMs || child.exitCode !== null) throw new Error('no price came');
      await new Promise((done) => setTimeout(done, pollMs));
    }
    return { installMs, priceMs: performance.now() - begin };
  } finally {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGINT');
    await ended;
  }
}

async function hasPrice(url: string): Promise<boolean> {
  return JSON.stringify((await get(url))?.body ?? '').includes('"price"');
}

/** Packages and megabytes that npx has installed. */
function installed(cache: string): { readonly packages: number; readonly megabytes: number } {
  const modules = readdirSync(join(cache, '_npx')).map((name) => join(cache, '_npx', name, 'node_modules'));
  const [folder = ''] = modules;
  const { packages } = JSON.parse(readFileSync(join(folder, '.package-lock.json'), 'utf8')) as { packages: object };
  const names = Object.keys(packages).filter((name) => statSync(join(folder, '..', name), { throwIfNoEntry: false }));
  return { packages: names.length, megabytes: bytesIn(folder) / 1e6 };
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? bytesIn(path) : entry.isFile() ? statSync(path).size : 0);
  }, 0);
}

/** The package of SQLite, where this Node.js has none that the embedded profile can use. */
function sqlite(): readonly string[] {
  const has =
    "process.exit('setReturnArrays' in (process.getBuiltinModule?.('node:sqlite')?.StatementSync.prototype ?? {}) ? 0 : 1)";
  if (spawnSync(node, ['-e', has]).status === 0) return [];
  const { optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  return Object.entries(optionalDependencies).flatMap(([name, version]) =>
    name.includes('sqlite') ? [`${name}@${version}`] : [],
  );
}

/** A line of the table: the three runs of one way to install. */
async function line(name: string, way: Way): Promise<string> {
  const cache = join(root, `cache-${way.flags['npm_config_omit'] ?? 'all'}`);
  mkdirSync(cache);
  const given = environment(cache, way.flags);
  const empty = await firstMinute(way, given);
  const { packages, megabytes } = installed(cache);
  rmSync(join(cache, '_npx'), { recursive: true });
  const filled = await firstMinute(way, given);
  const again = await firstMinute(way, given);
  const seconds = [empty, filled, again].map(
    ({ installMs, priceMs }) => `${(priceMs / 1000).toFixed(1)} (${(installMs / 1000).toFixed(1)})`,
  );
  return `| ${[name, packages, megabytes.toFixed(1), ...seconds].join(' | ')} |`;
}

try {
  const packing = ['pack', '--json', '--pack-destination', root];
  const [packed] = JSON.parse(execFileSync('npm', packing, { encoding: 'utf8' })) as [
    { readonly filename: string; readonly size: number; readonly unpackedSize: number; readonly entryCount: number },
  ];
  const file = join(root, packed.filename);
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2);
  process.stdout.write(`Node.js ${version}; packed ${megabytes(packed.size)} MB, ${megabytes(packed.unpackedSize)} MB unpacked, ${packed.entryCount} files
seconds to the first price on the API (to the end of init):
| installed | packages | MB | cache empty | cache filled | again |
|---|---|---|---|---|---|
`);
  process.stdout.write(`${await line('all', { packages: [file], flags: {} })}\n`);
  const least = { packages: [file, ...sqlite()], flags: { npm_config_omit: 'optional' } };
  process.stdout.write(`${await line('without optional ones', least)}\n`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
