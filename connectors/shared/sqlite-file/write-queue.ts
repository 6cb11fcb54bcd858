import { errorText, FdpError } from '../../../src/errors.ts';
import type { Environment } from '../../../src/kit/environment.ts';
import type { Database } from './database.ts';

/** A lock held for longer than this by another process is logged, ms. */
const lockedLogMs = 1000;
/** A job that could not start for this long fails with FDP_BUSY, ms. */
export const lockedLimitMs = 5000;

interface Job {
  readonly work: (db: Database) => unknown;
  readonly signal: AbortSignal | undefined;
  readonly since: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Hooks {
  /** Called before each transaction; an error fails the jobs. */
  begins(): void;
  /** Called after each transaction that is durable. */
  committed(): void;
}

/**
 * The writes to one file. Jobs queued in one turn of the event loop share one transaction, each in a savepoint
 * of its own, so that one which throws affects no other; none spans an await. Never blocks on a lock: retries a busy
 * file on the clock.
 */
export class WriteQueue {
  readonly #db: Database;
  readonly #environment: Environment;
  readonly #hooks: Hooks;
  readonly #queue: Job[] = [];
  #flushing: Promise<void> | undefined;

  constructor(db: Database, environment: Environment, hooks: Hooks) {
    this.#db = db;
    this.#environment = environment;
    this.#hooks = hooks;
  }

  /** Resolves when all that is queued now has ended. */
  async idle(): Promise<void> {
    await this.#flushing;
  }

  /** Does `work` in a transaction. @throws as `SqliteFile.write` */
  write<T>(work: (db: Database) => T, signal?: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const since = this.#environment.clock.monotonic();
      this.#queue.push({ work, signal, since, resolve: resolve as (value: unknown) => void, reject });
      this.#flushing ??= this.#flush();
    });
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
    let isLogged = false;
    for (let attempt = 0; this.#dropSpent(); attempt++) {
      try {
        this.#hooks.begins();
        this.#db.exec('BEGIN IMMEDIATE');
        if (isLogged) log.info({ file: this.#db.path }, `${this.#db.path}: free again`);
        return;
      } catch (error) {
        if (!(error instanceof FdpError && error.code === 'FDP_BUSY')) {
          for (const job of this.#queue.splice(0)) job.reject(error);
          return;
        }
      }
      if (!isLogged && clock.monotonic() - since > lockedLogMs) {
        isLogged = true;
        log.warn({ file: this.#db.path }, `${this.#db.path}: locked by another process; waiting`);
      }
      await clock.sleep(backOffMs(this.#environment, attempt));
    }
  }

  /** Rejects jobs that were aborted or have waited too long; false if none is left. */
  #dropSpent(): boolean {
    const now = this.#environment.clock.monotonic();
    for (const job of this.#queue.splice(0)) {
      if (job.signal?.aborted) job.reject(new FdpError('FDP_CLOSED', `${this.#db.path}: the write was cancelled`));
      else if (now - job.since > lockedLimitMs)
        job.reject(new FdpError('FDP_BUSY', `${this.#db.path}: locked by another process for 5 s`));
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
    this.#hooks.committed();
    for (const settle of done) settle();
  }

  /** Runs one job in its savepoint. Throws only if the whole transaction is lost. */
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
      this.#environment.log.error({ file: this.#db.path }, `${this.#db.path}: ${errorText(error)}`);
    }
  }
}

/** 1 to 50 ms, with jitter. */
export function backOffMs({ chance }: Environment, attempt: number): number {
  return Math.min(50, 2 ** Math.min(attempt, 6)) * (0.5 + chance.next() / 2);
}
