import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../../../../connectors/shared/sqlite-file/database.ts';
import { acquireFile, type SqliteFile } from '../../../../connectors/shared/sqlite-file/file.ts';
import { VirtualClock } from '../../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../../src/testing/environment.ts';

const never = new AbortController().signal;

describe('sqlite file', () => {
  let folder: string;
  let path: string;
  let clock: VirtualClock;
  let environment: ReturnType<typeof testEnvironment>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fdp-file-'));
    path = join(folder, 'some', 'folder', 'a.db');
    clock = new VirtualClock();
    environment = testEnvironment(clock);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const open = async (): Promise<SqliteFile> => {
    const file = await clock.until(acquireFile(path, environment, never));
    await clock.until(file.write((db) => db.exec('CREATE TABLE IF NOT EXISTS t (a INTEGER UNIQUE)')));
    return file;
  };
  const insert = (a: number) => (db: Database) => db.run('INSERT INTO t (a) VALUES (?)', a);
  const rows = (file: SqliteFile) => file.read((db) => db.all('SELECT a FROM t ORDER BY a').map(({ a }) => a));

  it('refuses the file of a newer fdp, and leaves it alone', async () => {
    await (await open()).release();
    const other = new Database(path);
    other.exec('PRAGMA user_version = 2');
    other.close();
    await expect(acquireFile(path, environment, never)).rejects.toMatchObject({
      code: 'FDP_STORE_NEWER',
      message: `${path}: was written by a newer version of fdp (schema 2; this version supports 1): update fdp, or use another path`,
    });
  });

  it("refuses another program's database", async () => {
    path = join(folder, 'other.db');
    const other = new Database(path);
    other.exec('CREATE TABLE theirs (a)');
    other.close();
    const before = readFileSync(path);
    await expect(acquireFile(path, environment, never)).rejects.toMatchObject({ code: 'FDP_STORE_DIFFERS' });
    expect(readFileSync(path)).toEqual(before);
  });

  it('reports a damaged file, and one that is not a database', async () => {
    path = join(folder, 'text.db');
    writeFileSync(path, 'no database '.repeat(1000));
    await expect(acquireFile(path, environment, never)).rejects.toMatchObject({ code: 'FDP_STORE_CORRUPT' });
    path = join(folder, 'torn.db');
    const file = await open();
    for (let a = 0; a < 3000; a++) void file.write(insert(a));
    await clock.until(file.write(insert(5000)));
    await file.release();
    const bytes = readFileSync(path);
    bytes.fill(0x5a, 4096);
    writeFileSync(path, bytes);
    const torn = await clock.until(acquireFile(path, environment, never));
    expect(() => rows(torn)).toThrow(expect.objectContaining({ code: 'FDP_STORE_CORRUPT', fault: 'fatal' }));
    await torn.release();
  });

  it('reports what is wrong with a path that cannot be a file', async () => {
    writeFileSync(join(folder, 'file'), '');
    for (const wrong of [join(folder, 'file', 'below', 'a.db'), '/proc/a.db', folder]) {
      path = wrong;
      await expect(acquireFile(path, environment, never)).rejects.toMatchObject({
        code: 'FDP_REFUSED',
        fault: 'fatal',
      });
    }
  });
});
