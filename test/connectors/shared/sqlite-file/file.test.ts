import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../../../../connectors/shared/sqlite-file/database.ts';
import { acquireFile, type SqliteFile } from '../../../../connectors/shared/sqlite-file/file.ts';
import { FdpError } from '../../../../src/errors.ts';
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
  /** Commits that the file has seen, as another connection counts them. */
  const commits = (other: Database) => Number(other.get('PRAGMA data_version')?.['data_version']);

  it('is opened once, shared, and closed with its last user', async () => {
    const [one, two] = [await open(), await open()];
    expect(two).toBe(one);
    await one.release();
    await clock.until(two.write(insert(1)));
    await two.release();
    expect(() => two.read((db) => db.all('SELECT 1'))).toThrow(FdpError);
    const again = await open();
    expect(again).not.toBe(one);
    expect(rows(again)).toEqual([1]);
    await again.release();
  });

  it('is readable for its owner alone, with its folder and what SQLite makes beside it', async () => {
    const file = await open();
    const modes = [dirname(path), path, `${path}-wal`, `${path}-shm`].map((each) => statSync(each).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600, 0o600, 0o600]);
    await file.release();
  });

  it('writes to a synced write-ahead log, which shrinks again, and needs no temporary file', async () => {
    const file = await open();
    const settings = ['journal_mode', 'synchronous', 'temp_store', 'journal_size_limit'];
    expect(file.read((db) => settings.map((name) => Object.values(db.get(`PRAGMA ${name}`) ?? {})[0]))).toEqual([
      ...['wal', 2, 2],
      64 * 2 ** 20,
    ]);
    await file.release();
  });

  it('puts the writes of one turn into one transaction; one that throws spoils no other', async () => {
    const file = await open();
    const other = new Database(path);
    const before = commits(other);
    const refused = new FdpError('FDP_MESSAGE_REFUSED', 'no');
    const results = await clock.until(
      Promise.allSettled([
        file.write(insert(1)),
        file.write((db) => {
          insert(2)(db);
          throw refused;
        }),
        file.write((db) => {
          insert(3)(db);
          insert(1)(db);
        }),
        file.write(insert(4)),
      ]),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: refused });
    expect(rows(file)).toEqual([1, 4]);
    expect(commits(other)).toBe(before + 1);
    other.close();
    await file.release();
  });

  it('does not begin a write that was given up', async () => {
    const file = await open();
    const stop = new AbortController();
    const write = file.write(insert(1), stop.signal);
    stop.abort();
    await expect(clock.until(write)).rejects.toMatchObject({ code: 'FDP_CLOSED' });
    expect(rows(file)).toEqual([]);
    await file.release();
  });

  it('waits for a lock without blocking the event loop, logs it once, and continues', async () => {
    const file = await open();
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    const write = file.write(insert(1));
    await clock.advance(2000);
    expect(environment.log.lines.map(({ level }) => level)).toEqual(['warn']);
    expect(rows(file)).toEqual([]);
    other.exec('COMMIT');
    await clock.until(write);
    expect(rows(file)).toEqual([1]);
    expect(environment.log.lines.map(({ text }) => text).at(-1)).toContain('free again');
    other.close();
    await file.release();
  });

  it('gives a write back as busy after 5 s of waiting', async () => {
    const file = await open();
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    const write = file.write(insert(1));
    await expect(clock.until(write)).rejects.toMatchObject({ code: 'FDP_BUSY', fault: 'transient' });
    expect(clock.monotonic()).toBeLessThan(5200);
    other.close();
    await file.release();
  });

  it('reports a write-ahead log that a long reader lets grow, at each doubling, and when it is small again', async () => {
    const file = await open();
    await clock.until(file.write((db) => db.exec('CREATE TABLE big (b)')));
    const reader = new Database(path);
    let next = 1;
    const reported = () => environment.log.lines.map(({ level, text }) => `${level} ${text.replace(path, 'a.db')}`);
    const write = async (mebibytes: number) => {
      for (let n = 0; n < mebibytes; n++)
        await clock.until(file.write((db) => db.run('INSERT INTO big VALUES (?)', Buffer.alloc(2 ** 20))));
      await clock.advance(1000);
      await clock.until(file.write(insert(next++)));
    };
    await write(1);
    reader.exec('BEGIN');
    reader.all('SELECT a FROM t');
    await write(100);
    expect(reported()).toEqual([]);
    await write(40);
    const warned = /^warn a\.db: its write-ahead log has grown to 1\d\d(\.\d)? MiB: a process/;
    expect(reported()).toEqual([expect.stringMatching(warned)]);
    await write(20);
    expect(reported()).toHaveLength(1);
    await write(140);
    expect(reported()).toHaveLength(2);
    expect(file.walBytes).toBeGreaterThan(256 * 2 ** 20);
    reader.exec('COMMIT');
    await write(1);
    await write(1);
    expect(reported().at(-1)).toBe('info a.db: the write-ahead log is back to its normal size');
    expect(file.walBytes).toBeLessThanOrEqual(64 * 2 ** 20);
    reader.close();
    await file.release();
  });

  it('notices within 5 ms what another connection changed', async () => {
    const file = await open();
    const other = new Database(path);
    let changed = false;
    const waiting = file.changedSince('1/0', file.changes.version('1/0'), never).then(() => {
      changed = true;
    });
    await clock.advance(100);
    expect(changed).toBe(false);
    insert(1)(other);
    await clock.advance(5);
    expect(changed).toBe(true);
    await waiting;
    const version = file.changes.version('1/0');
    insert(2)(other);
    const noticed = file.changedSince('1/0', version, never);
    await clock.advance(5);
    await noticed;
    other.close();
    await file.release();
  });

  it('waits up to 5 s for a file that another process keeps to itself before it looks at it', async () => {
    path = join(folder, 'kept.db');
    const other = new Database(path);
    other.exec('PRAGMA locking_mode = EXCLUSIVE');
    other.exec('PRAGMA journal_mode = WAL');
    other.exec('CREATE TABLE mine (a)');
    await expect(clock.until(acquireFile(path, environment, never))).rejects.toMatchObject({ code: 'FDP_BUSY' });
    const opening = acquireFile(path, environment, never);
    await clock.advance(1000);
    other.close();
    await expect(clock.until(opening)).rejects.toMatchObject({ code: 'FDP_STORE_DIFFERS' });
  });

  it('keeps the rights of a file that is there already, also for what SQLite makes beside it', async () => {
    path = join(folder, 'shared.db');
    closeSync(openSync(path, 'wx', 0o660));
    const modeOf = (name: string) => statSync(name).mode & 0o777;
    const mode = modeOf(path);
    const shared = await open();
    expect([modeOf(path), modeOf(`${path}-wal`)]).toEqual([mode, mode]);
    await shared.release();
  });

  it('accepts no writes that a removed or replaced file would lose: they fail until it is opened again', async () => {
    const gone = {
      code: 'FDP_STORE_GONE',
      fault: 'fatal',
      message: `${path}: was removed or replaced while in use: restart fdp`,
    };
    for (const remove of [
      () => rmSync(path),
      () => rmSync(join(folder, 'some'), { recursive: true }),
      () => {
        rmSync(join(folder, 'some'), { recursive: true });
        writeFileSync(join(folder, 'some'), '');
      },
      () => {
        writeFileSync(`${path}.copy`, readFileSync(path));
        renameSync(`${path}.copy`, path);
      },
    ]) {
      const file = await open();
      await clock.advance(1500);
      remove();
      await expect(clock.until(file.write(insert(1)))).rejects.toMatchObject(gone);
      expect(() => rows(file)).toThrow(expect.objectContaining(gone));
      if (statSync(join(folder, 'some'), { throwIfNoEntry: false })?.isFile()) rmSync(join(folder, 'some'));
      expect(await acquireFile(path, environment, never)).toBe(file);
      await file.release();
      await file.release();
      const again = await open();
      await clock.until(again.write(insert(2)));
      expect(rows(again)).toContain(2);
      await again.release();
      rmSync(join(folder, 'some'), { recursive: true });
    }
  });
});
