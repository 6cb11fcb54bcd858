import type { Document } from 'mongodb';
import { FdpError } from '../../src/errors.ts';
import type { Collection } from './collection.ts';

/** Rows that are compared before the collection is trusted, per process and collection. */
const comparedRows = 10_000;

/**
 * Protects a collection that another program has filled: an existing row whose unique value names the
 * same origin in another form (`ticks-0-7-AAPL-...` for `ticks-0-7--AAPL-...`), would be stored a second time, since
 * the unique index treats them as different rows. Checks the first rows that a process stores, by the first of the
 * declared indexes; costs one lookup per write until then, and none if fdp stored the oldest document.
 */
export class ForeignRows {
  readonly #collection: Collection;
  #toCompare: number | undefined;

  constructor(collection: Collection) {
    this.#collection = collection;
  }

  /** @throws FDP_STORE_DIFFERS if another program has already stored one of the documents */
  async check(documents: readonly Document[], signal: AbortSignal): Promise<void> {
    this.#toCompare ??= (await this.#isForeign(signal)) ? comparedRows : 0;
    if (this.#toCompare <= 0) return;
    this.#toCompare -= documents.length;
    const { unique = '' } = this.#collection.definition;
    const same = (document: Document) =>
      Object.fromEntries(this.#fields.map((field) => [field, { $eq: document[field] ?? null }]));
    const filter = { $or: documents.map(same), _src: null };
    const stored = new Map<string, string>();
    for (const { [unique]: value } of await this.#collection.find(filter, { [unique]: 1 }, signal))
      stored.set(wordsOf(value), String(value));
    for (const { [unique]: value } of documents) {
      const twin = stored.get(wordsOf(value));
      if (twin !== undefined && twin !== value) throw this.#differs(twin, String(value));
    }
  }

  /** The fields to find a row by: those of the first index. */
  get #fields(): readonly string[] {
    const { indexes } = this.#collection.definition;
    return (indexes[0] ?? []).map(({ field }) => field).filter((field) => field !== '_id');
  }

  /** Whether another program stored the oldest document. */
  async #isForeign(signal: AbortSignal): Promise<boolean> {
    const { definition, target } = this.#collection;
    if (definition.unique === undefined || this.#fields.length === 0) return false;
    const find = { find: target.collection, projection: { _src: 1 }, sort: { _id: 1 }, limit: 1 };
    const [oldest] = (await this.#collection.command(find, signal))['cursor'].firstBatch;
    return oldest !== undefined && oldest['_src'] === undefined;
  }

  #differs(stored: string, ours: string): FdpError {
    const { definition, target } = this.#collection;
    const where = `${target.address.hosts}: ${target.database}.${target.collection}`;
    return new FdpError(
      'FDP_STORE_DIFFERS',
      `${definition.name}: ${where} holds a row that another program stored as ${definition.unique} "${stored}", and ` +
        `storing it as "${ours}" would double it: make the key in that program's form (\`idempotency_key\`), and go on ` +
        'with its consumer group (`group` of the source) once it has stopped: docs/migrate.md',
    );
  }
}

/** The letters and digits of a key, without separators. */
function wordsOf(key: unknown): string {
  return String(key)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .join(' ');
}
