import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Database } from '../../../../connectors/shared/sqlite-file/database.ts';

describe('sqlite database', () => {
  let folder: string;
  let db: Database;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'fdp-database-'));
    db = new Database(join(folder, 'a.db'));
    db.exec('CREATE TABLE t (a INTEGER, b TEXT)');
  });
  afterEach(() => {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is busy at once, whatever is called, while another connection has the file locked', () => {
    const other = new Database(db.path);
    other.exec('BEGIN EXCLUSIVE');
    const calls = [
      () => db.all('SELECT a FROM t'),
      () => db.lists('SELECT a FROM t'),
      () => db.get('SELECT a FROM t'),
      () => db.run('DELETE FROM t'),
      () => db.exec('BEGIN IMMEDIATE'),
    ];
    const busy = expect.objectContaining({ code: 'FDP_BUSY', fault: 'transient' });
    for (const call of calls) expect(call).toThrow(busy);
    other.close();
    for (const call of calls) expect(call).not.toThrow();
  });

  it('refuses to read an integer that a number can not hold', () => {
    db.exec('INSERT INTO t VALUES (9007199254740993, NULL)');
    const unreadable = expect.objectContaining({ code: 'FDP_MESSAGE_UNREADABLE' });
    expect(() => db.all('SELECT a FROM t')).toThrow(unreadable);
    expect(() => db.lists('SELECT a FROM t')).toThrow(unreadable);
    expect(() => db.get('SELECT a FROM t')).toThrow(unreadable);
  });

  it('gives rows as objects or as lists, of the same statement too', () => {
    db.exec("INSERT INTO t VALUES (1, 'a'), (2, NULL)");
    const sql = 'SELECT b, a FROM t ORDER BY a';
    for (let time = 0; time < 2; time++) {
      expect(db.all(sql)).toEqual([
        { b: 'a', a: 1 },
        { b: null, a: 2 },
      ]);
      expect(db.lists(sql)).toEqual([
        ['a', 1],
        [null, 2],
      ]);
    }
  });

  it('reports a full disk', () => {
    db.exec('PRAGMA max_page_count = 5');
    db.exec('BEGIN IMMEDIATE');
    const fill = () => {
      for (;;) db.run('INSERT INTO t VALUES (1, ?)', 'x'.repeat(3000));
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'FDP_DISK_FULL', fault: 'transient' }));
  });

  it('distinguishes too many open files from a file that may not be opened', () => {
    const numbers: number[] = [];
    const open = () => {
      for (;;) numbers.push(openSync(folder, 'r'));
    };
    expect(open).toThrow(expect.objectContaining({ code: 'EMFILE' }));
    const tooMany = expect.objectContaining({ code: 'FDP_UNAVAILABLE', fault: 'transient' });
    try {
      expect(() => new Database(join(folder, 'b.db'))).toThrow(tooMany);
    } finally {
      for (const number of numbers) closeSync(number);
    }
    new Database(join(folder, 'b.db')).close();
  });

  it('calls a mistake in SQL ours', () => {
    expect(() => db.exec('SELEC')).toThrow(expect.objectContaining({ code: 'FDP_INTERNAL' }));
  });

  it('moves the write-ahead log to the file when it is closed; can be closed twice', () => {
    db.exec('PRAGMA journal_mode = WAL');
    db.exec("INSERT INTO t VALUES (1, 'a')");
    const other = new Database(db.path);
    db.close();
    db.close();
    expect(other.get('PRAGMA wal_checkpoint')).toMatchObject({ log: 0 });
    other.close();
  });
});
