import { statSync } from 'node:fs';
import { FdpError } from '../../../src/errors.ts';
import type { Clock } from '../../../src/kit/clock.ts';
import type { Environment } from '../../../src/kit/environment.ts';
import { Changes } from '../log/changes.ts';
import type { Database } from './database.ts';
import { isOther, openDatabase } from './open.ts';
import { WalWatch } from './wal-watch.ts';
import { backOffMs, lockedLimitMs, WriteQueue } from './write-queue.ts';

/** How often changes by other processes are polled while a reader waits, ms. */
const watchMs = 5;
const goneCheckMs = 1000;

/** The open files per clock, by path: tests on virtual clocks don't share them. */
const openFiles = new WeakMap<Clock, Map<string, SqliteFile>>();

/**
 * The file at `path`, opened once per process and shared by all callers; each `acquireFile` needs one `release`.
 * The folder is created if missing. Waits up to 5 s for another process that has the file locked.
 * A folder and files created here are accessible to this user only.
 * @throws FDP_BUSY, FDP_REFUSED, FDP_STORE_NEWER, FDP_STORE_CORRUPT, FDP_STORE_DIFFERS, FDP_DISK_FULL, FDP_CLOSED,
 *   FDP_UNAVAILABLE (too many open files)
 */
export async function acquireFile(path: string, environment: Environment, signal: AbortSignal): Promise<SqliteFile> {
  const { clock } = environment;
  const files = openFiles.get(clock) ?? new Map<string, SqliteFile>();
  openFiles.set(clock, files);
  const since = clock.monotonic();
  for (let attempt = 0; ; attempt++) {
    if (signal.aborted) throw new FdpError('FDP_CLOSED', `${path}: stopped while opening`);
    const known = files.get(path);
    if (known) return known.shared();
    try {
      const file = new SqliteFile(openDatabase(path), environment, () => files.delete(path));
      files.set(path, file);
      return file.shared();
    } catch (error) {
      const busy = error instanceof FdpError && error.code === 'FDP_BUSY';
      if (!busy || clock.monotonic() - since > lockedLimitMs) throw error;
    }
    await clock.sleep(backOffMs(environment, attempt), signal);
  }
}

/** One SQLite file of this process. Writes go through a `WriteQueue`; reading never waits. */
export class SqliteFile {
  /** Of all partitions in the file. */
  readonly changes = new Changes();
  readonly #db: Database;
  readonly #environment: Environment;
  readonly #closed: () => void;
  readonly #inode: number;
  #references = 0;
  #dataVersion: number;
  #cancelWatch: (() => void) | undefined;
  #checkedGone = 0;
  readonly #wal: WalWatch;
  readonly #writes: WriteQueue;

  constructor(db: Database, environment: Environment, closed: () => void) {
    this.#db = db;
    this.#environment = environment;
    this.#closed = closed;
    this.#wal = new WalWatch(db.path, environment);
    this.#writes = new WriteQueue(db, environment, {
      begins: () => this.#throwIfGone(),
      committed: () => this.#wal.check(),
    });
    this.#inode = statSync(db.path).ino;
    this.#dataVersion = this.#askDataVersion();
  }

  get path(): string {
    return this.#db.path;
  }

  /** Bytes of the write-ahead log, as of the last second with a write. */
  get walBytes(): number {
    return this.#wal.bytes;
  }

  shared(): this {
    this.#references++;
    return this;
  }

  /** Closes the file after the last release and all queued writes. */
  async release(): Promise<void> {
    if (--this.#references > 0) return;
    await this.#writes.idle();
    if (this.#references > 0) return;
    this.#cancelWatch?.();
    this.changes.tell();
    this.#closed();
    this.#db.close();
  }

  /** Reads a consistent snapshot, at once. @throws FDP_BUSY, FDP_STORE_GONE and the others of Database */
  read<T>(query: (db: Database) => T): T {
    this.#throwIfGone();
    return query(this.#db);
  }

  /**
   * Does `work` in a transaction and resolves when it is durable. Work that throws is undone alone. `signal` removes it
   * from the queue; a job that has started is finished.
   * @throws FDP_BUSY after 5 s behind another process' lock, FDP_DISK_FULL, FDP_STORE_GONE, FDP_CLOSED, and whatever
   * `work`
   *   throws
   */
  write<T>(work: (db: Database) => T, signal?: AbortSignal): Promise<T> {
    return this.#writes.write(work, signal);
  }

  /** As `changes.since`, also for changes by another process, which are noticed within 5 ms. */
  changedSince(name: string, version: number, signal: AbortSignal): Promise<void> {
    const changed = this.changes.since(name, version, signal);
    this.#watch();
    return changed;
  }

  #watch(): void {
    if (this.#cancelWatch) return;
    this.#cancelWatch = this.#environment.clock.timer(watchMs, () => {
      this.#cancelWatch = undefined;
      this.#check();
      if (this.changes.isAwaited) this.#watch();
    });
  }

  #check(): void {
    const seen = this.#askDataVersion();
    if (seen === this.#dataVersion) return;
    this.#dataVersion = seen;
    this.changes.tell();
  }

  #askDataVersion(): number {
    try {
      return Number(this.#db.get('PRAGMA data_version')?.['data_version'] ?? 0);
    } catch {
      return this.#dataVersion; // busy while another process recovers the file: look again later
    }
  }

  /** A deleted or replaced file would still accept writes, and lose them. */
  #throwIfGone(): void {
    const now = this.#environment.clock.monotonic();
    if (now - this.#checkedGone < goneCheckMs) return;
    // A new file at the path is opened only after all have released the old one: both would share the files beside it.
    if (isOther(this.path, this.#inode))
      throw new FdpError('FDP_STORE_GONE', `${this.path}: was removed or replaced while in use: restart fdp`);
    this.#checkedGone = now;
  }
}
