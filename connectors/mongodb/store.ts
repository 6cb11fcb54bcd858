import type { Document } from 'mongodb';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Mark } from '../../src/kit/sink.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import {
  type Inserted,
  type Marks,
  type MarkTuple,
  markOf,
  type NewRow,
  type RowChange,
  type TableStore,
} from '../shared/table/store.ts';
import type { StoredValue } from '../shared/table/values.ts';
import type { Collection } from './collection.ts';
import { checkSize, DocumentInsert, documentOf } from './insert.ts';
import { marksIn, type StoredMark, storedMark, tupleOf } from './marks.ts';
import { DocumentMerge } from './merge.ts';
import { newestOffset } from './newest.ts';
import { fromBson, toBson } from './values.ts';

/** One collection, as one sink sees it. What has expired is removed by the server. */
export class MongoTableStore implements TableStore<Document> {
  readonly insertsAtOnce = 4;
  readonly #collection: Collection;
  readonly #context: RoleContext;
  readonly #insert: DocumentInsert;
  readonly #merge: DocumentMerge;

  constructor(collection: Collection, context: RoleContext) {
    this.#collection = collection;
    this.#context = context;
    this.#insert = new DocumentInsert(collection);
    this.#merge = new DocumentMerge(collection, () => context.clock.now());
  }

  get definition(): TableDefinition {
    return this.#collection.definition;
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#collection.connect(signal);
    await this.#collection.prepare(signal);
  }

  kept(value: unknown): Document {
    return documentOf(this.definition, value, this.#context.clock.now());
  }

  insert(rows: readonly NewRow<Document>[], signal: AbortSignal): Promise<Inserted> {
    return this.#insert.run(rows, signal);
  }

  async put(document: Document, signal: AbortSignal): Promise<void> {
    const { unique = '' } = this.definition;
    checkSize(this.definition, document);
    await this.#update({ q: { [unique]: { $eq: document[unique] } }, u: document, upsert: true }, signal);
  }

  merge(
    keys: readonly StoredValue[],
    change: RowChange,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<StoredValue, Error>> {
    return this.#merge.run(keys, change, signal);
  }

  async mark(lane: string): Promise<Mark | undefined> {
    const ofLane = { $filter: { input: '$_marks', cond: { $eq: ['$$this.l', { $literal: lane }] } } };
    const pipeline = [
      { $match: { '_marks.l': { $eq: lane } } },
      { $replaceWith: { $arrayElemAt: [ofLane, 0] } },
      { $sort: { o: -1, i: -1 } },
      { $limit: 1 },
    ];
    const command = { aggregate: this.#collection.target.collection, pipeline, cursor: {} };
    const reply = await this.#collection.command(command, new AbortController().signal);
    const [found] = reply['cursor'].firstBatch as readonly StoredMark[];
    return markOf(found && tupleOf(found));
  }

  async marks(keys: readonly StoredValue[]): Promise<ReadonlyMap<StoredValue, Marks>> {
    const found = await this.#find(keys, { _marks: 1 });
    return new Map([...found].map(([key, document]) => [key, marksIn(document)]));
  }

  async missing(keys: readonly StoredValue[]): Promise<ReadonlySet<StoredValue>> {
    const found = await this.#find(keys, {});
    return new Set(keys.filter((key) => !found.has(key)));
  }

  async newest(lane: string): Promise<number | undefined> {
    return newestOffset(this.#collection, lane);
  }

  async forget(lane: string, to: MarkTuple): Promise<void> {
    const mark = storedMark(lane, to);
    const above = { $or: [{ 'm.o': { $gt: mark['o'] } }, { 'm.o': mark['o'], 'm.i': { $gt: mark['i'] } }] };
    const update = {
      q: { '_marks.l': { $eq: lane } },
      u: { $set: { '_marks.$[m]': mark } },
      arrayFilters: [{ $and: [{ 'm.l': lane }, above] }],
      multi: true,
    };
    await this.#update(update, new AbortController().signal);
  }

  close(): Promise<void> {
    return this.#collection.close();
  }

  async #update(update: object, signal: AbortSignal): Promise<void> {
    const command = { update: this.#collection.target.collection, updates: [update] };
    const {
      errors: [error],
    } = await this.#collection.write(command, signal);
    if (error) throw this.#collection.refused(error);
  }

  /** Documents by the value of their unique field. */
  async #find(keys: readonly StoredValue[], projection: object): Promise<ReadonlyMap<StoredValue, object>> {
    const { unique = '' } = this.definition;
    const filter = { [unique]: { $in: keys.map((key) => toBson(this.definition, unique, key)) } };
    const { signal } = new AbortController();
    const found = await this.#collection.find(filter, { ...projection, [unique]: 1 }, signal);
    return new Map(
      found.map((document) => [fromBson(this.definition, unique, document[unique]) as StoredValue, document]),
    );
  }
}
