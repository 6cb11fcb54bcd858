import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite';
import { type ErrorCode, FdpError, messageOf } from '../../src/errors.ts';

export type SqlValue = string | number | bigint | null | Uint8Array;
export type SqlRow = Readonly<Record<string, SqlValue>>;

const maxStatements = 200;

/** What SQLite's primary result codes mean for us; every other one is a mistake of ours. */
const codes: Readonly<Record<number, ErrorCode>> = {
  3: 'FDP_REFUSED', // PERM
  5: 'FDP_BUSY', // BUSY
  6: 'FDP_BUSY', // LOCKED
  8: 'FDP_REFUSED', // READONLY
  10: 'FDP_UNAVAILABLE', // IOERR
  11: 'FDP_STORE_CORRUPT', // CORRUPT
  13: 'FDP_DISK_FULL', // FULL
  14: 'FDP_REFUSED', // CANTOPEN
  15: 'FDP_BUSY', // PROTOCOL: lost a race for a lock
  18: 'FDP_MESSAGE_REFUSED', // TOOBIG
  23: 'FDP_REFUSED', // AUTH
  26: 'FDP_STORE_CORRUPT', // NOTADB
};

const advice: Partial<Record<ErrorCode, string>> = {
  FDP_BUSY: 'another process has it locked',
  FDP_DISK_FULL: 'the disk is full, free some space: nothing is lost, work goes on by itself',
  FDP_REFUSED: 'it must be a file that this user may read and write, in a folder where files may be made',
  FDP_STORE_CORRUPT: 'it is damaged or no SQLite database: move it away, or restore a copy',
};

/**
 * One connection to one SQLite file, through the `node:sqlite` interface; the only place that knows the binding.
 * Every call is synchronous and never waits for a lock (FDP_BUSY at once). Statements are prepared once.
 *
 * @throws FDP_BUSY, FDP_DISK_FULL, FDP_REFUSED, FDP_STORE_CORRUPT, FDP_UNAVAILABLE (I/O error), FDP_MESSAGE_UNREADABLE
 *   (an integer beyond 2^53), FDP_INTERNAL
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

  /** Gives the number of rows changed. */
  run(sql: string, ...values: readonly SqlValue[]): number {
    return this.#guarded(() => this.#statement(sql).run(...values).changes);
  }

  get(sql: string, ...values: readonly SqlValue[]): SqlRow | undefined {
    return this.#guarded(() => this.#statement(sql).get(...values) as SqlRow | undefined);
  }

  all(sql: string, ...values: readonly SqlValue[]): readonly SqlRow[] {
    return this.#guarded(() => this.#statement(sql).all(...values) as readonly SqlRow[]);
  }

  close(): void {
    this.#statements.clear();
    if (this.#connection.isOpen) this.#guarded(() => this.#connection.close());
  }

  #statement(sql: string): StatementSyncInstance {
    const known = this.#statements.get(sql);
    if (known) return known;
    if (this.#statements.size >= maxStatements) this.#statements.clear();
    const made = this.#connection.prepare(sql);
    this.#statements.set(sql, made);
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
  const fields = error as { readonly sqliteCode?: unknown };
  // The binding's `all` gives such an error no code of its own.
  if (messageOf(error).includes('too large to be represented'))
    return new FdpError('FDP_MESSAGE_UNREADABLE', `${path}: a stored integer lies beyond 2^53`, { cause: error });
  const primary = typeof fields.sqliteCode === 'number' ? fields.sqliteCode & 0xff : 0;
  const code = codes[primary] ?? 'FDP_INTERNAL';
  const hint = advice[code];
  return new FdpError(code, `${path}: ${messageOf(error)}${hint ? `: ${hint}` : ''}`, { cause: error });
}
