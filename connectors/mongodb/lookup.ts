import { errorText, FdpError, faultOf } from '../../src/errors.ts';
import type { Lookup, Query } from '../../src/kit/lookup.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Row } from '../../src/kit/row.ts';
import type { Collection } from './collection.ts';
import { unavailable } from './errors.ts';
import { selectionOf } from './query.ts';
import { fromBson } from './values.ts';

/** The server ends an abandoned query after this, ms; the caller's own limit is `signal`. */
const maxTimeMs = 30_000;

/**
 * Finds rows. Fails within a second while no server is available; its node is `retrying` meanwhile.
 */
export class MongoLookup implements Lookup {
  readonly #collection: Collection;
  readonly #context: RoleContext;
  #forget: (() => void) | undefined;

  constructor(collection: Collection, context: RoleContext) {
    this.#collection = collection;
    this.#context = context;
  }

  /** Reads one row, to check this user's permission; creates no index, which a read-only user may not do. */
  async connect(signal: AbortSignal): Promise<void> {
    await this.#collection.connect(signal);
    const { collection } = this.#collection.target;
    await this.#collection.command({ find: collection, limit: 1, projection: { _id: 1 } }, signal);
    const { client } = this.#collection.opened;
    const { node } = this.#context;
    this.#forget ??= client.onChange(() => {
      if (client.isAway) node.is('retrying', 'no server answers');
      else if (node.state === 'retrying') node.is('ok');
    });
  }

  async find(query: Query, signal: AbortSignal): Promise<readonly Row[]> {
    const { definition, target } = this.#collection;
    const selection = selectionOf(definition, query);
    if (!selection) return [];
    const { client } = this.#collection.opened;
    try {
      const found = await client.ask(target, signal, () => this.#collection.select(selection, maxTimeMs, signal));
      return found.map((document) => this.#row(document, query.fields));
    } catch (error) {
      const code = error instanceof FdpError ? error.code : undefined;
      if (faultOf(error) !== 'transient' || code === 'FDP_CLOSED' || code === 'FDP_TIMEOUT') throw error;
      throw code === 'FDP_UNAVAILABLE' ? error : unavailable(target, errorText(error));
    }
  }

  close(): Promise<void> {
    this.#forget?.();
    this.#forget = undefined;
    return this.#collection.close();
  }

  #row(document: Readonly<Record<string, unknown>>, selected?: readonly string[]): Row {
    const { definition } = this.#collection;
    const _id = String(document['_id']);
    if (!definition.fields) {
      const values = Object.keys(document).map((field) => [field, fromBson(definition, field, document[field])]);
      return { ...Object.fromEntries(values), _id };
    }
    const row: Record<string, unknown> = { _id };
    for (const field of selected ?? Object.keys(definition.fields))
      row[field] = fromBson(definition, field, document[field]);
    return row;
  }
}
