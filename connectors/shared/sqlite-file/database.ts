import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { type ErrorCode, errorText, FdpError } from '../../../src/errors.ts';
import { writeAdvice } from '../../../src/kit/rights.ts';
import { loadBinding } from './binding.ts';

export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

const { DatabaseSync } = loadBinding();

const maxStatements = 200;

/** SQLite's primary result codes as errors, with their texts; every other code is a bug of fdp. */
const results: readonly (readonly [result: number, text: string, code: ErrorCode])[] = [
  [3, 'access permission denied', 'FDP_REFUSED'],
  [5, 'database is locked', 'FDP_BUSY'],
  [6, 'database table is locked', 'FDP_BUSY'],
  [8, 'attempt to write a readonly database', 'FDP_REFUSED'],
  [10, 'disk I/O error', 'FDP_UNAVAILABLE'],
  [11, 'database disk image is malformed', 'FDP_STORE_CORRUPT'],
  [13, 'database or disk is full', 'FDP_DISK_FULL'],
  [14, 'unable to open database file', 'FDP_REFUSED'],
  [15, 'locking protocol', 'FDP_BUSY'],
  [18, 'string or blob too big', 'FDP_MESSAGE_REFUSED'],
  [23, 'authorization denied', 'FDP_REFUSED'],
  [26, 'file is not a database', 'FDP_STORE_CORRUPT'],
];

const advice: Partial<Record<ErrorCode, string>> = {
  FDP_BUSY: 'another process has it locked',
  FDP_DISK_FULL: 'the disk is full, free some space: nothing is lost, work goes on by itself',
  FDP_STORE_CORRUPT: 'it is damaged or no SQLite database: move it away, or restore a copy',
};

/**
 * One connection to one SQLite file, through the `node:sqlite` interface; the only place that uses the binding.
 * Every call is synchronous and never waits for a lock (FDP_BUSY at once). Statements are prepared once.
 *
 * @throws FDP_BUSY, FDP_DISK_FULL, FDP_REFUSED, FDP_STORE_CORRUPT, FDP_UNAVAILABLE (I/O error, too many open files),
 *   FDP_MESSAGE_UNREADABLE (an integer beyond 2^53), FDP_INTERNAL
 */
export class Database {
  readonly path: string;
  readonly #connection: DatabaseSyncInstance;
  readonly #statements = new Map<string, StatementSyncInstance>();

  constructor(path: string) {
    this.path = path;
    this.#connection = this.#guarded(() => new DatabaseSync(path, { timeout: 0 }));
  }

  /** False also when SQLite rolled the transaction back by itself, as it does when the disk is full. */
  get inTransaction(): boolean {
    return this.#connection.isTransaction;
  }

  exec(sql: string): void {
    this.#guarded(() => this.#connection.exec(sql));
  }

  /** Returns the number of rows changed. */
  run(sql: string, ...values: readonly SqlValue[]): number {
    return this.#guarded(() => this.#statement(sql).run(...values).changes);
  }

  get(sql: string, ...values: readonly SqlValue[]): SqlRow | undefined {
    return this.#guarded(() => this.#statement(sql).get(...values) as SqlRow | undefined);
  }

  all(sql: string, ...values: readonly SqlValue[]): readonly SqlRow[] {
    return this.#guarded(() => this.#statement(sql).all(...values) as readonly SqlRow[]);
  }

  /**
   * As `all`, each row as a list of its values in the order of the columns: for many rows, at two thirds of the cost.
   */
  lists(sql: string, ...values: readonly SqlValue[]): readonly (readonly SqlValue[])[] {
    return this.#guarded(() => this.#statement(sql, true).all(...values) as unknown as readonly SqlValue[][]);
  }

  /**
   * Checkpoints the write-ahead log, as far as other processes allow it, and closes. The binding frees
   * prepared statements, and with the last one the file handles, only when they are garbage-collected: nothing
   * may rely on that.
   */
  close(): void {
    this.#statements.clear();
    if (!this.#connection.isOpen) return;
    try {
      this.#connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // Busy, full or damaged: the log stays beside the file, and the next process to open it continues from there.
    }
    this.#guarded(() => this.#connection.close());
  }

  #statement(sql: string, givesLists = false): StatementSyncInstance {
    const name = givesLists ? `lists: ${sql}` : sql;
    const known = this.#statements.get(name);
    if (known) return known;
    if (this.#statements.size >= maxStatements) this.#statements.clear();
    const made = this.#connection.prepare(sql);
    if (givesLists) made.setReturnArrays(true);
    this.#statements.set(name, made);
    return made;
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw classified(this.path, error);
    }
  }
}

function classified(path: string, error: unknown): FdpError {
  const text = errorText(error);
  if (text.includes('too large to be represented'))
    return new FdpError('FDP_MESSAGE_UNREADABLE', `${path}: a stored integer is beyond 2^53`, { cause: error });
  // The bindings name the code differently, and errors of the package's `all` have only its text.
  const { errcode, sqliteCode = errcode } = error as { readonly errcode?: unknown; readonly sqliteCode?: unknown };
  const known = results.find(([result, words]) =>
    typeof sqliteCode === 'number' ? result === (sqliteCode & 0xff) : text.endsWith(words),
  );
  const code = known?.[2] ?? 'FDP_INTERNAL';
  if (code === 'FDP_REFUSED' && isOutOfFiles(path)) {
    const cure = 'raise its limit (ulimit -n); work goes on once a file can be opened';
    return new FdpError('FDP_UNAVAILABLE', `${path}: this process has too many open files: ${cure}`, { cause: error });
  }
  const hint = code === 'FDP_REFUSED' ? writeAdvice(path) : advice[code];
  return new FdpError(code, `${path}: ${text}${hint ? `: ${hint}` : ''}`, { cause: error });
}

/** If the system has no file descriptor left, SQLite only reports that the file can't be opened. */
function isOutOfFiles(path: string): boolean {
  try {
    closeSync(openSync(dirname(path), 'r'));
    return false;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return code === 'EMFILE' || code === 'ENFILE';
  }
}
