import { type Db, type Document, Long, type Collection as MongoCollection } from 'mongodb';
import { FdpError } from '../../src/errors.ts';
import type { Environment } from '../../src/kit/environment.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import { acquireClient, type MongoTarget, type SharedClient } from './client.ts';
import { isServerLost, mongoError, spoilsAll } from './errors.ts';
import { prepareIndexes } from './indexes.ts';
import type { Selection } from './query.ts';

/**
 * A write counts when a majority of the servers that hold data has it in its journal; of a standalone server, when it
 * is in that server's journal. Without `j` a standalone server loses what it confirmed in the last 100 ms before a
 * crash.
 */
const writeConcern = { w: 'majority', j: true, wtimeout: 10_000 } as const;

/** The error of one statement of a write, with its index. */
export interface WriteError {
  readonly index: number;
  readonly code: number;
  readonly errmsg: string;
  /** Of a duplicate: the fields of the index that refused it. */
  readonly keyPattern: Document | undefined;
}

/**
 * The result of a write: how many documents its statements matched or created, how many they changed, and the refused ones.
 */
export interface WriteReply {
  readonly found: number;
  readonly changed: number;
  readonly errors: readonly WriteError[];
}

interface Opened {
  readonly client: SharedClient;
  readonly db: Db;
  readonly documents: MongoCollection;
}

/** One collection as one role sees it. */
export class Collection {
  readonly target: MongoTarget;
  readonly definition: TableDefinition;
  readonly #environment: Environment;
  #client: SharedClient | undefined;
  #opened: Opened | undefined;
  #closing: Promise<void> | undefined;
  /** The client's generation for which the indexes are known to exist. */
  #prepared: number | undefined;

  constructor(target: MongoTarget, definition: TableDefinition, environment: Environment) {
    this.target = target;
    this.definition = definition;
    this.#environment = environment;
  }

  /** @throws FDP_CONNECT_FAILED, FDP_REFUSED, FDP_SPEC_INVALID, FDP_CLOSED */
  async connect(signal: AbortSignal): Promise<void> {
    await this.#closing;
    this.#closing = undefined;
    this.#client ??= acquireClient(this.target, this.#environment);
    const client = this.#client;
    const db = (await client.connected(this.target, signal)).db(this.target.database);
    this.#opened = { client, db, documents: db.collection(this.target.collection) };
  }

  /** The connected collection. @throws FDP_CLOSED */
  get opened(): Opened {
    if (this.#opened) return this.#opened;
    throw new FdpError('FDP_CLOSED', `${this.definition.name}: the collection is closed`);
  }

  /** Creates the collection and its indexes, unless they are known to exist. @throws FDP_STORE_DIFFERS */
  async prepare(signal: AbortSignal): Promise<void> {
    const { generation } = this.opened.client;
    if (this.#prepared === generation) return;
    await prepareIndexes(this, signal);
    this.#prepared = generation;
  }

  /** One command, on the server that takes writes. */
  async command(command: Document, signal: AbortSignal): Promise<Document> {
    const { db } = this.opened;
    const options = { signal, readPreference: 'primary', ignoreUndefined: true } as const;
    try {
      const reply = await this.#environment.clock.outside(db.command(command, options));
      this.target.proven?.worked(nameOf(command));
      return reply;
    } catch (error) {
      if (signal.aborted) throw new FdpError('FDP_CLOSED', `${this.definition.name}: given up`);
      throw this.#judged(error, nameOf(command));
    }
  }

  /**
   * One command of unordered writes, durable when it resolves; with the statements that the server refused.
   * @throws errors of the whole command: the server is unavailable, full, or forbids it
   */
  async write(command: Document, signal: AbortSignal): Promise<WriteReply> {
    await this.prepare(signal);
    const reply = await this.command({ ...command, ordered: false, writeConcern }, signal);
    await this.prepare(signal); // Again, if the server has changed meanwhile: it may have made the collection anew.
    // Even if statements failed, the reply comes only after all existing documents are durable: the other row of a
    // duplicate is durable too.
    if (reply['writeConcernError']) throw this.#unconfirmed(reply['writeConcernError']);
    const errors: readonly WriteError[] = reply['writeErrors'] ?? [];
    const whole = errors.find(({ code }) => spoilsAll(code));
    if (whole) throw this.#judged({ code: whole.code, message: whole.errmsg }, `${nameOf(command)} of a document`);
    this.target.proven?.worked(`${nameOf(command)} of a document`);
    return { found: Number(reply['n']), changed: Number(reply['nModified'] ?? 0), errors };
  }

  /**
   * Documents that a caller waits for. In one reply of the server if they fit: a cursor costs the driver twice as
   * much. Repeated once if the connection is lost meanwhile, as the driver does with its cursors.
   * @throws what the driver throws
   */
  async select(selection: Selection, maxTimeMs: number, signal: AbortSignal): Promise<readonly Document[]> {
    const { documents } = this.opened;
    const find = { ...selection, batchSize: selection.limit, maxTimeMS: maxTimeMs };
    const ask = () => this.#oneReply(find, signal);
    const found = await ask().catch((error) => {
      if (signal.aborted || !isServerLost(mongoError(error, this.target))) throw error;
      return ask();
    });
    const { filter, ...options } = find;
    return found ?? documents.find(filter, { ...options, signal }).toArray();
  }

  /** Undefined if there is more than fits into one reply, 16 MiB. */
  async #oneReply(find: Document, signal: AbortSignal): Promise<readonly Document[] | undefined> {
    const { db, documents } = this.opened;
    const { collectionName } = documents;
    const { readPreference, readConcern } = db;
    const command = { find: collectionName, ...find, ...(readConcern ? { readConcern } : {}) };
    const { cursor } = await db.command(command, { signal, readPreference });
    if (Number(cursor.id) === 0) return cursor.firstBatch;
    // If this does not reach its server, the cursor expires after ten minutes.
    const cursors = [Long.fromString(String(cursor.id))];
    db.command({ killCursors: collectionName, cursors }, { readPreference }).catch(() => {});
    return undefined;
  }

  /** Rows that are looked up while writing, from the server that takes the writes. */
  async find(filter: Document, projection: Document, signal: AbortSignal): Promise<readonly Document[]> {
    const options = { projection, signal, readPreference: 'primary', readConcern: { level: 'local' } } as const;
    const found = this.opened.documents.find(filter, options);
    try {
      const rows = await this.#environment.clock.outside(found.toArray());
      this.target.proven?.worked('find');
      return rows;
    } catch (error) {
      if (signal.aborted) throw new FdpError('FDP_CLOSED', `${this.definition.name}: given up`);
      throw this.#judged(error, 'find');
    }
  }

  /** The error of one statement that the server will never accept. */
  refused({ code, errmsg, keyPattern }: WriteError): FdpError {
    const { name } = this.definition;
    const text = this.target.address.scrub(errmsg.replace(/\s+/g, ' '));
    const what = keyPattern
      ? `another row has the same ${Object.keys(keyPattern).join(', ')}`
      : `the server refuses the document (${code})`;
    return new FdpError('FDP_MESSAGE_REFUSED', `${name}: ${what}: ${text}`);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The classified error of the driver, depending on whether `deed` has worked before. */
  #judged(error: unknown, deed: string): Error {
    const judged = mongoError(error, this.target);
    return this.target.proven?.judge(deed, judged) ?? judged;
  }

  async #close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#opened = undefined;
    this.#prepared = undefined;
    await client?.release();
  }

  #unconfirmed(error: { readonly errmsg?: string }): FdpError {
    const text = `${this.definition.name}: ${this.target.address.hosts}: not confirmed by a majority: ${error.errmsg}`;
    return new FdpError('FDP_UNAVAILABLE', text);
  }
}

/** A command's name stands first in it. */
function nameOf(command: Document): string {
  return Object.keys(command)[0] ?? '';
}
