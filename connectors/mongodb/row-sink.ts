import { BSON, type Document, Long } from 'mongodb';
import { FdpError, messageOf } from '../../src/errors.ts';
import type { Message } from '../../src/kit/message.ts';
import { type Coordinates, coordinatesOf, type Proof } from '../../src/kit/origin.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Row } from '../../src/kit/row.ts';
import type { Receipt, Sink, SinkRows } from '../../src/kit/sink.ts';
import { receipt, rowProof } from '../shared/table/proof.ts';
import { columnsOf, rowOf, type StoredValue, storedField } from '../shared/table/values.ts';
import type { Collection, WriteError } from './collection.ts';
import { duplicateKey } from './errors.ts';
import { ForeignRows } from './foreign-rows.ts';
import { newestOffset } from './newest.ts';
import { fromBson, toBson } from './values.ts';

/** Documents and bytes of one command, at most; one document is always taken. */
const chunkRows = 1000;
const chunkBytes = 16 * 2 ** 20;
const maxDocumentBytes = 16 * 2 ** 20;
/** Below this the size of a document need not be known exactly. */
const smallBytes = 64 * 2 ** 10;
/** What a document has beside its fields, at most, without the name of its lane. */
const ownBytes = 256;

interface NewDocument {
  readonly place: number;
  readonly document: Document;
  readonly bytes: number;
}

/**
 * Stores rows whose unique field is not known yet, several writes at a time. The receipt names each known one with
 * where the stored one came from (offset -1 for a message of no log, lane '' for a document of somebody else). What the
 * server will never take fails alone.
 */
export class MongoRowSink implements Sink {
  readonly ordered = false;
  readonly maxInFlight = 4;
  readonly rows: SinkRows = {
    behind: (lane, proofs) => this.#behind(lane, proofs),
    put: (row, signal) => this.#put(row, signal),
  };
  readonly #collection: Collection;
  readonly #context: RoleContext;
  readonly #foreign: ForeignRows;

  constructor(collection: Collection, context: RoleContext) {
    this.#collection = collection;
    this.#context = context;
    this.#foreign = new ForeignRows(collection);
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#collection.connect(signal);
    await this.#collection.prepare(signal);
  }

  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const known = new Map<number, Coordinates>();
    const failed = new Map<number, Error>();
    const documents = this.#documents(messages, failed);
    await this.#context.failPoint('table-before-insert');
    for (const chunk of chunks(documents)) await this.#insert(chunk, { known, failed }, signal);
    await this.#context.failPoint('table-after-insert');
    return receipt({ known, failed }, rowProof(this.#collection.definition, messages, { known, failed }));
  }

  async #behind(lane: string, proofs: readonly Proof[]): Promise<number | undefined> {
    const { definition } = this.#collection;
    const { unique = '' } = definition;
    const { signal } = new AbortController();
    const values = [...new Set(proofs.map(({ key }) => key))].map((key) => toBson(definition, unique, key));
    const found = await this.#collection.find({ [unique]: { $in: values } }, { _id: 1 }, signal);
    return found.length === values.length ? undefined : (await newestOffset(this.#collection, lane)) + 1;
  }

  async #put(row: Row, signal: AbortSignal): Promise<void> {
    const { definition, place } = this.#collection;
    const { unique } = definition;
    if (unique === undefined)
      throw new FdpError('FDP_SPEC_INVALID', `${definition.name}: a row that is put needs a field that identifies it`);
    const document = this.#values(row);
    this.#sizeOf(document);
    const updates = [{ q: { [unique]: { $eq: document[unique] } }, u: document, upsert: true }];
    const {
      errors: [error],
    } = await this.#collection.write({ update: place.collection, updates }, signal);
    if (error) throw this.#failure(error);
  }

  close(): Promise<void> {
    return this.#collection.close();
  }

  #documents(messages: readonly Message[], failed: Map<number, Error>): NewDocument[] {
    const found: NewDocument[] = [];
    for (let place = 0; place < messages.length; place++) {
      try {
        const document = this.#document(messages[place] as Message);
        const most = this.#mostBytes(document);
        found.push({ place, document, bytes: most < smallBytes ? most : this.#sizeOf(document) });
      } catch (error) {
        failed.set(place, error as Error);
      }
    }
    return found;
  }

  #document(message: Message): Document {
    const { lane, offset, index } = coordinatesOf(message);
    const document = this.#values(message.value);
    document['_src'] = { l: lane, o: Long.fromNumber(offset), i: index };
    return document;
  }

  /** A value's fields as the document keeps them. The `_id` is the server's: one clock makes the order of storing. */
  #values(value: unknown): Document {
    const { definition } = this.#collection;
    const given = rowOf(definition, value);
    const values: Document = {};
    if (definition.fields)
      for (const column of columnsOf(definition.fields))
        values[column[0]] = toBson(definition, column[0], storedField(definition, given, column));
    else Object.assign(values, given, { _id: undefined });
    if (definition.expireMs !== undefined) values['_at'] = new Date(this.#context.clock.now());
    return values;
  }

  /** At least what a row of declared fields takes; without them nobody knows. */
  #mostBytes(document: Document): number {
    const { fields } = this.#collection.definition;
    if (!fields) return Number.POSITIVE_INFINITY;
    let bytes = ownBytes + 3 * document['_src'].l.length;
    for (const [field] of columnsOf(fields)) {
      const value: unknown = document[field];
      bytes += 32 + 3 * field.length + (typeof value === 'string' ? 3 * value.length : 0);
    }
    return bytes;
  }

  /** Tries out what the driver will make of a value of any form; declared fields were looked at one by one. */
  #sizeOf(document: Document): number {
    const { name, fields } = this.#collection.definition;
    const options = { ignoreUndefined: true };
    let bytes: number;
    try {
      bytes = fields ? BSON.calculateObjectSize(document, options) : BSON.serialize(document, options).length;
    } catch (error) {
      throw new FdpError('FDP_MESSAGE_REFUSED', `${name}: no document holds this value: ${messageOf(error)}`);
    }
    if (bytes <= maxDocumentBytes) return bytes;
    throw new FdpError(
      'FDP_MESSAGE_REFUSED',
      `${name}: expected a document of at most ${maxDocumentBytes} bytes, got ${bytes}`,
    );
  }

  async #insert(
    chunk: readonly NewDocument[],
    { known, failed }: { known: Map<number, Coordinates>; failed: Map<number, Error> },
    signal: AbortSignal,
  ): Promise<void> {
    const documents = chunk.map(({ document }) => document);
    await this.#foreign.check(documents, signal);
    const { errors } = await this.#collection.write({ insert: this.#collection.place.collection, documents }, signal);
    const twins = errors.filter(({ code }) => code === duplicateKey);
    const first = await this.#stored(
      twins.map(({ index }) => documents[index] ?? {}),
      signal,
    );
    for (const error of errors) {
      const { place = -1, document = {} } = chunk[error.index] ?? {};
      const coordinates = error.code === duplicateKey ? first.get(this.#keyOf(document)) : undefined;
      if (coordinates) known.set(place, coordinates);
      else failed.set(place, this.#failure(error));
    }
  }

  /** Where the documents that are known came from, by the text of their unique field. */
  async #stored(documents: readonly Document[], signal: AbortSignal): Promise<ReadonlyMap<string, Coordinates>> {
    const { unique } = this.#collection.definition;
    if (unique === undefined || documents.length === 0) return new Map();
    const filter = { [unique]: { $in: documents.map((document) => document[unique]) } };
    const found = await this.#collection.find(filter, { [unique]: 1, _src: 1 }, signal);
    return new Map(found.map((document) => [this.#keyOf(document), storedCoordinates(document['_src'])]));
  }

  #keyOf(document: Document): string {
    const { definition } = this.#collection;
    const { unique = '' } = definition;
    const value = fromBson(definition, unique, document[unique]) as StoredValue;
    return `${typeof value} ${JSON.stringify(value)}`;
  }

  /** A duplicate that is not there (any more) by the unique field was refused by another index, or has expired since. */
  #failure(error: WriteError): FdpError {
    const { name, unique } = this.#collection.definition;
    const isOurs = error.keyPattern && Object.keys(error.keyPattern).join() === unique;
    if (!isOurs) return this.#collection.refused(error);
    return new FdpError('FDP_BUSY', `${name}: the row that was there has just gone`);
  }
}

function storedCoordinates(source: { l?: unknown; o?: unknown; i?: unknown } | undefined): Coordinates {
  return { lane: String(source?.l ?? ''), offset: Number(source?.o ?? -1), index: Number(source?.i ?? 0) };
}

function* chunks(documents: readonly NewDocument[]): Generator<readonly NewDocument[]> {
  let chunk: NewDocument[] = [];
  let bytes = 0;
  for (const document of documents) {
    if (chunk.length > 0 && (chunk.length >= chunkRows || bytes + document.bytes > chunkBytes)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(document);
    bytes += document.bytes;
  }
  if (chunk.length > 0) yield chunk;
}
