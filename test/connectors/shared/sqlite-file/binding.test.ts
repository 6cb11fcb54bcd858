import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { builtIn, loadBinding, packaged } from '../../../../connectors/shared/sqlite-file/binding.ts';

const module = pathToFileURL(resolve('connectors/shared/sqlite-file/binding.ts')).href;
const isBuiltIn = builtIn() !== undefined;

const values = [1, -(2 ** 53 - 1), 0.1, 'é€😀', '', null, 2 ** 40];

/** Runs in a process of its own: two copies of SQLite in one process would break each other's locks. */
function run(script: string): { readonly stdout: string; readonly stderr: string; readonly signal: string | null } {
  const args = ['--import', 'tsx', '--input-type=module', '-e', `import * as bindings from '${module}';\n${script}`];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

type Name = 'builtIn' | 'packaged';
const open = (name: Name, path: string) => `
  const { DatabaseSync } = bindings.${name}();
  const db = new DatabaseSync(${JSON.stringify(path)}, { timeout: 0 });`;

/** Writes ten rows and dies: they are in the write-ahead log, which the next one has to recover. */
function write(name: Name, path: string, from: number): void {
  const { signal, stderr } = run(`${open(name, path)}
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    db.exec('CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b)');
    const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
    ${JSON.stringify(values)}.forEach((value, place) => insert.run(${from} + place, value));
    insert.run(${from} + 50, Buffer.from([0, 255, 7]));
    process.kill(process.pid, 'SIGKILL');`);
  expect([signal, stderr]).toEqual(['SIGKILL', '']);
}

function read(name: Name, path: string): unknown {
  const { stdout, stderr } = run(`${open(name, path)}
    const rows = db.prepare('SELECT a, b FROM t ORDER BY a');
    rows.setReturnArrays(true);
    const { integrity_check } = db.prepare('PRAGMA integrity_check').get();
    const plain = rows.all().map(([a, b]) => [a, b instanceof Uint8Array ? [...b] : b]);
    console.log(JSON.stringify({ integrity_check, rows: plain }));
    db.close();`);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

describe('the binding of SQLite', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fdp-binding-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is the one of Node.js where it gives lists, else the package', () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    expect(isBuiltIn).toBe(major > 22 || (major === 22 && minor >= 16));
    expect(loadBinding()).toBe(builtIn() ?? packaged());
  });

  it('is loaded without a warning on stderr, and others are still warned', () => {
    const { stderr } = run("bindings.loadBinding(); process.emitWarning('of another');");
    expect(stderr).toContain('of another');
    expect(stderr).not.toContain('SQLite');
  });

  it.skipIf(!isBuiltIn)(
    'takes over the files of the other, also what one that was killed left in its write-ahead log',
    () => {
      for (const [first, second] of [
        ['builtIn', 'packaged'],
        ['packaged', 'builtIn'],
      ] as const) {
        const path = join(folder, `${first}.db`);
        write(first, path, 0);
        expect(existsSync(`${path}-wal`)).toBe(true);
        const rows = (from: number) => [
          ...values.map((value, index) => [from + index, value]),
          [from + 50, [0, 255, 7]],
        ];
        expect(read(second, path)).toEqual({ integrity_check: 'ok', rows: rows(0) });
        write(second, path, 100);
        expect(read(first, path)).toEqual({ integrity_check: 'ok', rows: [...rows(0), ...rows(100)] });
      }
    },
  );
});
