import { FdpError } from '../../../src/errors.ts';
import type { Environment } from '../../../src/kit/environment.ts';
import { acquireFile, type SqliteFile } from './file.ts';

/** A SQLite file as one role holds it, from its opening to its close. */
export class HeldFile {
  readonly #what: string;
  readonly #path: string;
  readonly #environment: Environment;
  #file: SqliteFile | undefined;

  /** @param what in the message when it is closed: `NAME: the table` */
  constructor(what: string, path: string, environment: Environment) {
    this.#what = what;
    this.#path = path;
    this.#environment = environment;
  }

  /** Opens it unless it is open. @throws as `acquireFile` */
  async open(signal: AbortSignal): Promise<SqliteFile> {
    this.#file ??= await acquireFile(this.#path, this.#environment, signal);
    return this.#file;
  }

  /** @throws FDP_CLOSED */
  get opened(): SqliteFile {
    if (this.#file) return this.#file;
    throw new FdpError('FDP_CLOSED', `${this.#what} is closed`);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.release();
  }
}
