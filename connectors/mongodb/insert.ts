import { BSON, type Document, Long } from 'mongodb';
import { errorText, FdpError } from '../../src/errors.ts';
import type { Coordinates } from '../../src/kit/origin.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import type { Inserted, NewRow } from '../shared/table/store.ts';
import { columnsOf, rowOf, type StoredValue, storedField, storedList } from '../shared/table/values.ts';
import type { Collection, WriteError } from './collection.ts';
import { duplicateKey } from './errors.ts';
import { ForeignRows } from './foreign-rows.ts';
import { decimalOfNumber, fromBson, toBson } from './values.ts';

/** The most bytes of one command; a single document may exceed it. */
const chunkBytes = 16 * 2 ** 20;
const maxDocumentBytes = 16 * 2 ** 20;
/** Below this the size of a document need not be known exactly. */
const smallBytes = 64 * 2 ** 10;
/** The most bytes of a document beside its fields, without the name of its lane. */
const ownBytes = 256;

/** What one command stores: documents, and the index of each among the rows. */
interface Chunk {
  readonly documents: Document[];
  readonly indexes: number[];
}

interface Outcome {
  readonly known: Map<number, Coordinates>;
  readonly failed: Map<number, Error>;
}

/** Stores new rows, in commands that fit; a document that the server will never accept fails alone. */
export class DocumentInsert {
  readonly #collection: Collection;
  readonly #foreign: ForeignRows;

  constructor(collection: Collection) {
    this.#collection = collection;
    this.#foreign = new ForeignRows(collection);
  }

  async run(rows: readonly NewRow<Document>[], signal: AbortSignal): Promise<Inserted> {
    const outcome: Outcome = { known: new Map(), failed: new Map() };
    for (const chunk of this.#chunks(rows, outcome.failed)) await this.#insert(chunk, outcome, signal);
    return outcome;
  }

  *#chunks(rows: readonly NewRow<Document>[], failed: Map<number, Error>): Generator<Chunk> {
    const { definition } = this.#collection;
    let chunk: Chunk = { documents: [], indexes: [] };
    let bytes = 0;
    for (let index = 0; index < rows.length; index++) {
      try {
        const { values: document, coordinates } = rows[index] as NewRow<Document>;
        document['_src'] = { l: coordinates.lane, o: Long.fromNumber(coordinates.offset), i: coordinates.index };
        const most = mostBytes(definition, document, coordinates.lane);
        const more = most < smallBytes ? most : checkSize(definition, document);
        if (chunk.documents.length > 0 && bytes + more > chunkBytes) {
          yield chunk;
          chunk = { documents: [], indexes: [] };
          bytes = 0;
        }
        chunk.documents.push(document);
        chunk.indexes.push(index);
        bytes += more;
      } catch (error) {
        failed.set(index, error as Error);
      }
    }
    if (chunk.documents.length > 0) yield chunk;
  }

  async #insert({ documents, indexes }: Chunk, { known, failed }: Outcome, signal: AbortSignal): Promise<void> {
    await this.#foreign.check(documents, signal);
    const { errors } = await this.#collection.write({ insert: this.#collection.target.collection, documents }, signal);
    const twins = errors.filter(({ code }) => code === duplicateKey);
    const first = await this.#stored(
      twins.map(({ index }) => documents[index] ?? {}),
      signal,
    );
    for (const error of errors) {
      const { [error.index]: index = -1 } = indexes;
      const { [error.index]: document = {} } = documents;
      const coordinates = error.code === duplicateKey ? first.get(this.#keyOf(document)) : undefined;
      if (coordinates) known.set(index, coordinates);
      else failed.set(index, this.#failure(error));
    }
  }

  /** The origins of known documents, by the text of their unique field. */
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

  /** A duplicate that is not found by the unique field was refused by another index, or has expired since. */
  #failure(error: WriteError): FdpError {
    const { name, unique } = this.#collection.definition;
    const isOurs = error.keyPattern && Object.keys(error.keyPattern).join() === unique;
    if (!isOurs) return this.#collection.refused(error);
    return new FdpError('FDP_BUSY', `${name}: the row that was there has just gone`);
  }
}

/**
 * A message's value as a document. The `_id` is the server's: one clock makes the order of storing.
 * @throws FDP_MESSAGE_REFUSED if it is not a row of the table, and for a decimal of more than 34 digits
 */
export function documentOf(definition: TableDefinition, value: unknown, now: number): Document {
  const given = rowOf(definition, value);
  const document: Document = {};
  if (definition.fields)
    for (const column of columnsOf(definition.fields)) document[column[0]] = fieldOf(definition, given, column);
  else Object.assign(document, given, { _id: undefined });
  if (definition.expireMs !== undefined) document['_at'] = new Date(now);
  return document;
}

function fieldOf(
  definition: TableDefinition,
  given: Readonly<Record<string, unknown>>,
  column: Parameters<typeof storedField>[2],
): unknown {
  const [field, type] = column;
  const value = Object.hasOwn(given, field) ? given[field] : null;
  // A list goes into a document as it is, and a price too: their texts would be written and read for nothing.
  if (type === 'strings') return value === null || value === undefined ? null : storedList(value);
  const short = type === 'decimal' && typeof value === 'number' ? decimalOfNumber(value) : undefined;
  return short ?? toBson(definition, field, storedField(definition, given, column));
}

/**
 * The size of a document, bytes. Serialises it with the driver if it has no declared fields; those were
 * checked one by one.
 * @throws FDP_MESSAGE_REFUSED if it can't be stored in a document
 */
export function checkSize({ name, fields }: TableDefinition, document: Document): number {
  const options = { ignoreUndefined: true };
  let bytes: number;
  try {
    bytes = fields ? BSON.calculateObjectSize(document, options) : BSON.serialize(document, options).length;
  } catch (error) {
    throw new FdpError('FDP_MESSAGE_REFUSED', `${name}: no document holds this value: ${errorText(error)}`);
  }
  if (bytes <= maxDocumentBytes) return bytes;
  throw new FdpError(
    'FDP_MESSAGE_REFUSED',
    `${name}: expected a document of at most ${maxDocumentBytes} bytes, got ${bytes}`,
  );
}

/** An upper bound for the size of a row with declared fields; infinite without them. */
function mostBytes({ fields }: TableDefinition, document: Document, lane: string): number {
  if (!fields) return Number.POSITIVE_INFINITY;
  const { names, texts } = sizedFields(fields);
  let bytes = ownBytes + 3 * lane.length + names;
  for (const field of texts) bytes += textBytes(document[field]);
  return bytes;
}

interface SizedFields {
  /** What all fields take beside their texts, bytes. */
  readonly names: number;
  /** The fields whose values may be long. */
  readonly texts: readonly string[];
}

const sized = new WeakMap<object, SizedFields>();

function sizedFields(fields: NonNullable<TableDefinition['fields']>): SizedFields {
  const known = sized.get(fields);
  if (known) return known;
  const columns = columnsOf(fields);
  const texts = columns.filter(([, type]) => type === 'string' || type === 'strings').map(([field]) => field);
  const made = { names: columns.reduce((sum, [field]) => sum + 32 + 3 * field.length, 0), texts };
  sized.set(fields, made);
  return made;
}

/** An upper bound for the size of a text or a list of texts. */
function textBytes(value: unknown): number {
  if (typeof value === 'string') return 3 * value.length;
  if (!Array.isArray(value)) return 0;
  let bytes = 0;
  for (const item of value) bytes += 16 + 3 * String(item).length;
  return bytes;
}

/** Where a document came from; lane '' and offset -1 for one that another program stored. */
export function storedCoordinates(source: { l?: unknown; o?: unknown; i?: unknown } | undefined): Coordinates {
  return { lane: String(source?.l ?? ''), offset: Number(source?.o ?? -1), index: Number(source?.i ?? 0) };
}
