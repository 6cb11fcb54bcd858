import { statSync } from 'node:fs';
import { FdpError, messageOf } from '../../../src/errors.ts';
import type { Clock } from '../../../src/kit/clock.ts';
import type { Environment } from '../../../src/kit/environment.ts';
import { Changes } from '../log/changes.ts';
import type { Database } from './database.ts';
import { isOther, openDatabase } from './open.ts';
import { WalWatch } from './wal-watch.ts';

/** How often other processes' changes are looked for while a reader waits, ms. */
const watchMs = 5;
/** A lock held for longer than this by another process is logged, ms. */
const lockedSaidMs = 1000;
/** A job that could not start for so long fails with FDP_BUSY, ms. */
const lockedLimitMs = 5000;
const goneCheckMs = 1000;

interface Job {
  readonly work: (db: Database) => unknown;
  readonly signal: AbortSignal | undefined;
  readonly since: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The open files of a clock's world, by path: tests on virtual clocks don't meet each other's. */
const openFiles = new WeakMap<Clock, Map<string, SqliteFile>>();

/**
 * Gives the file at `path`, opened once a process and shared by all that ask; each `acquireFile` needs one `release`.
 * The folder is made when missing. Waits up to 5 s for another process that has the file locked.
 * The folder and the files are for this user alone when they are made here.
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

/**
 * One SQLite file of this process. Writes queued in one turn of the event loop share one transaction, each in a
 * savepoint of its own, so that one which throws spoils no other; none spans an await. Never blocks on a lock: busy is
 * waited for on the clock.
 */
export class SqliteFile {
  /** Of all partitions in the file. */
  readonly changes = new Changes();
  readonly #db: Database;
  readonly #environment: Environment;
  readonly #closed: () => void;
  readonly #queue: Job[] = [];
  readonly #inode: number;
  #references = 0;
  #flushing: Promise<void> | undefined;
  #dataVersion: number;
  #cancelWatch: (() => void) | undefined;
  #checkedGone = 0;
  readonly #wal: WalWatch;

  constructor(db: Database, environment: Environment, closed: () => void) {
    this.#db = db;
    this.#environment = environment;
    this.#closed = closed;
    this.#wal = new WalWatch(db.path, environment);
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

  /** Closes the file when nobody uses it any more, after the writes that are queued. */
  async release(): Promise<void> {
    if (--this.#references > 0) return;
    await this.#flushing;
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
   * Does `work` in a transaction and resolves when it is durable. What throws is undone alone. `signal` takes it from
   * the queue; a job that has begun is finished.
   * @throws FDP_BUSY after 5 s behind another process' lock, FDP_DISK_FULL, FDP_STORE_GONE, FDP_CLOSED, and whatever `work`
   *   throws
   */
  write<T>(work: (db: Database) => T, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const since = this.#environment.clock.monotonic();
      this.#queue.push({ work, signal, since, resolve: resolve as (value: unknown) => void, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** As `changes.since`, also when another process has changed the file: that is noticed within 5 ms. */
  changedSince(name: string, version: number, signal: AbortSignal): Promise<void> {
    const changed = this.changes.since(name, version, signal);
    this.#watch();
    return changed;
  }

  #watch(): void {
    if (this.#cancelWatch) return;
    this.#cancelWatch = this.#environment.clock.timer(watchMs, () => {
      this.#cancelWatch = undefined;
      this.#look();
      if (this.changes.isAwaited) this.#watch();
    });
  }

  #look(): void {
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

  async #flush(): Promise<void> {
    const { clock } = this.#environment;
    try {
      while (this.#queue.length > 0) {
        await clock.turn();
        await this.#begin();
        if (this.#db.inTransaction) this.#transact(this.#queue.splice(0));
      }
    } finally {
      this.#flushing = undefined;
    }
  }

  /** Returns in a transaction, or with an empty queue. */
  async #begin(): Promise<void> {
    const { clock, log } = this.#environment;
    const since = clock.monotonic();
    let said = false;
    for (let attempt = 0; this.#dropSpent(); attempt++) {
      try {
        this.#throwIfGone();
        this.#db.exec('BEGIN IMMEDIATE');
        if (said) log.info({ file: this.path }, `${this.path}: free again`);
        return;
      } catch (error) {
        if (!(error instanceof FdpError && error.code === 'FDP_BUSY')) {
          for (const job of this.#queue.splice(0)) job.reject(error);
          return;
        }
      }
      if (!said && clock.monotonic() - since > lockedSaidMs) {
        said = true;
        log.warn({ file: this.path }, `${this.path}: locked by another process; waiting`);
      }
      await clock.sleep(backOffMs(this.#environment, attempt));
    }
  }

  /** Rejects the jobs that were given up or waited for too long; false when none is left. */
  #dropSpent(): boolean {
    const now = this.#environment.clock.monotonic();
    for (const job of this.#queue.splice(0)) {
      if (job.signal?.aborted) job.reject(new FdpError('FDP_CLOSED', `${this.path}: the write was cancelled`));
      else if (now - job.since > lockedLimitMs)
        job.reject(new FdpError('FDP_BUSY', `${this.path}: locked by another process for 5 s`));
      else this.#queue.push(job);
    }
    return this.#queue.length > 0;
  }

  #transact(jobs: readonly Job[]): void {
    const done: (() => void)[] = [];
    try {
      for (const job of jobs) done.push(this.#perform(job));
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      for (const job of jobs) job.reject(error);
      return;
    }
    this.#wal.look();
    for (const settle of done) settle();
  }

  /** Runs one job in its savepoint. Throws only when the whole transaction is lost. */
  #perform(job: Job): () => void {
    this.#db.exec('SAVEPOINT job');
    try {
      const value = job.work(this.#db);
      this.#db.exec('RELEASE job');
      return () => job.resolve(value);
    } catch (error) {
      if (!this.#db.inTransaction) throw error;
      this.#db.exec('ROLLBACK TO job');
      this.#db.exec('RELEASE job');
      return () => job.reject(error);
    }
  }

  #rollBack(): void {
    try {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
    } catch (error) {
      this.#environment.log.error({ file: this.path }, `${this.path}: ${messageOf(error)}`);
    }
  }

  /** A deleted or replaced file would still take our writes, and lose them. */
  #throwIfGone(): void {
    const now = this.#environment.clock.monotonic();
    if (now - this.#checkedGone < goneCheckMs) return;
    // Nobody here opens what lies there now before all have let go of the old one: both would share the files beside it.
    if (isOther(this.path, this.#inode))
      throw new FdpError('FDP_STORE_GONE', `${this.path}: was removed or replaced while in use: restart fdp`);
    this.#checkedGone = now;
  }
}

/** 1 to 50 ms, with jitter. */
function backOffMs({ chance }: Environment, attempt: number): number {
  return Math.min(50, 2 ** Math.min(attempt, 6)) * (0.5 + chance.next() / 2);
}
