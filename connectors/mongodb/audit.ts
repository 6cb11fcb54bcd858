import { type Document, Long, ObjectId } from 'mongodb';
import { FdpError } from '../../src/errors.ts';
import type { AuditedRow, AuditedState, Revision, TableAudit } from '../../src/kit/audit.ts';
import type { AuditedValue } from '../../src/kit/reconciler.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import { reviseRow } from '../shared/table/revise.ts';
import type { StoredValue } from '../shared/table/values.ts';
import type { Collection } from './collection.ts';
import { storedCoordinates } from './insert.ts';
import { stateOf } from './seen-rows.ts';
import { MongoTableStore } from './store.ts';
import { fromBson, objectId, toBson } from './values.ts';

/** An insert may become visible so much later than one whose ids come after its own, seconds. */
const lateSeconds = 5;
/** Documents of one reply. */
const pageRows = 1000;

/** A collection as `reconcile` reads and repairs it. Ids are given when an insert begins: a document may appear late. */
export class MongoTableAudit implements TableAudit {
  readonly #collection: Collection;
  readonly #store: MongoTableStore;

  constructor(collection: Collection, context: RoleContext) {
    this.#collection = collection;
    this.#store = new MongoTableStore(collection, context);
  }

  connect(signal: AbortSignal): Promise<void> {
    return this.#store.open(signal);
  }

  async scan(after: string | undefined, limit: number, signal: AbortSignal): Promise<readonly AuditedRow[]> {
    return this.#find(after === undefined ? {} : { _id: { $gt: this.#id(after) } }, limit, signal);
  }

  async since(
    after: string | undefined,
    beyond: readonly AuditedState['marks'][],
    signal: AbortSignal,
  ): Promise<readonly AuditedRow[]> {
    const wanted = beyond.length === 1 && beyond[0] ? above(beyond[0]) : {};
    const found: AuditedRow[] = [];
    let from: Document = after === undefined ? {} : { _id: { $gte: earlier(this.#id(after)) } };
    for (;;) {
      const page = await this.#find({ ...from, ...wanted }, pageRows, signal);
      found.push(...page);
      const last = page.at(-1);
      if (!last) return found;
      from = { _id: { $gt: this.#id(last.id) } };
    }
  }

  async rows(keys: readonly AuditedValue[], signal: AbortSignal): Promise<ReadonlyMap<AuditedValue, AuditedState>> {
    const { definition } = this.#collection;
    const { unique = '' } = definition;
    const found = new Map<AuditedValue, AuditedState>();
    for (let start = 0; start < keys.length; start += pageRows) {
      const some = keys.slice(start, start + pageRows).map((key) => toBson(definition, unique, key));
      for (const document of await this.#collection.find({ [unique]: { $in: some } }, {}, signal))
        found.set(fromBson(definition, unique, document[unique]) as StoredValue, stateOf(definition, document));
    }
    return found;
  }

  revise(key: AuditedValue, revision: Revision, signal: AbortSignal): Promise<void> {
    return reviseRow(this.#store, key, { revision, signal });
  }

  async whyRowsAreMissing(): Promise<string | undefined> {
    return this.#collection.definition.expireMs === undefined ? undefined : 'its rows expire';
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #id(text: string): ObjectId {
    const id = objectId(text);
    const { name } = this.#collection.definition;
    if (!id)
      throw new FdpError('FDP_STORE_DIFFERS', `${name}: expected documents whose _id is an ObjectId, got ${text}`);
    return id;
  }

  async #find(filter: Document, limit: number, signal: AbortSignal): Promise<readonly AuditedRow[]> {
    const { definition, target } = this.#collection;
    const find = { find: target.collection, filter, sort: { _id: 1 }, limit, batchSize: limit };
    const { cursor } = await this.#collection.command({ ...find, singleBatch: true }, signal);
    return (cursor.firstBatch as readonly Document[]).map((document) => auditedRow(definition, document));
  }
}

function auditedRow(definition: TableDefinition, document: Document): AuditedRow {
  return {
    ...stateOf(definition, document),
    id: String(document['_id']),
    origin: storedCoordinates(document['_src']),
  };
}

/** Documents of lanes without a mark, and those from the message of the mark on: the index is looked at later. */
function above(marks: AuditedState['marks']): Document {
  const lanes = Object.entries(marks);
  const beyond = lanes.map(([lane, [offset]]) => ({ '_src.l': lane, '_src.o': { $gte: Long.fromNumber(offset) } }));
  return { $or: [...beyond, { '_src.l': { $nin: lanes.map(([lane]) => lane) } }] };
}

function earlier(id: ObjectId): ObjectId {
  return ObjectId.createFromTime(Math.max(0, Math.floor(id.getTimestamp().getTime() / 1000) - lateSeconds));
}
