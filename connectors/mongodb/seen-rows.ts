import type { Document } from 'mongodb';
import { RecencyMap } from '../../src/kit/recency-map.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import { readStates } from '../shared/table/states.ts';
import type { RowState } from '../shared/table/store.ts';
import { columnsOf, type StoredValue } from '../shared/table/values.ts';
import type { Collection } from './collection.ts';
import { marksIn } from './marks.ts';
import { fromBson, toBson } from './values.ts';

/** The most rows that are remembered. */
const maxRows = 20_000;

/** A row as it was when it was last read or written here. */
export interface SeenRow {
  /** Undefined: the row does not exist. */
  readonly state: RowState | undefined;
  /** The document that it was read from; undefined when it was written here. */
  readonly document: Document | undefined;
}

/** The rows of a collection that are merged: read by their keys, and remembered for the next write. */
export class SeenRows {
  readonly #collection: Collection;
  readonly #rows = new RecencyMap<SeenRow | undefined>();

  constructor(collection: Collection) {
    this.#collection = collection;
  }

  get(key: StoredValue): SeenRow | undefined {
    return this.#rows.get(nameOf(key));
  }

  /** Remembers a row after this process wrote it; merges it if another lane wrote it meanwhile. */
  wrote(key: StoredValue, before: SeenRow, after: RowState): void {
    const now = this.get(key);
    const state = now?.state && now !== before ? joined(now.state, before.state, after) : after;
    this.#remember(key, { state, document: undefined });
  }

  forget(keys: Iterable<StoredValue>): void {
    for (const key of keys) if (this.get(key)) this.#rows.use(nameOf(key), undefined);
  }

  /** Reads rows as they are stored now. Returns the unreadable ones, with the error. */
  async read(keys: readonly StoredValue[], signal: AbortSignal): Promise<ReadonlyMap<StoredValue, Error>> {
    const unreadable = new Map<StoredValue, Error>();
    if (keys.length === 0) return unreadable;
    const { definition } = this.#collection;
    const { unique = '' } = definition;
    const filter = { [unique]: { $in: keys.map((key) => toBson(definition, unique, key)) } };
    const found = new Map<StoredValue, Document>();
    for (const document of await this.#collection.find(filter, projectionOf(definition), signal))
      found.set(fromBson(definition, unique, document[unique]) as StoredValue, document);
    for (const key of keys) {
      const document = found.get(key);
      try {
        this.#remember(key, { state: document && stateOf(definition, document), document });
      } catch (error) {
        unreadable.set(key, error as Error);
      }
    }
    return unreadable;
  }

  #remember(key: StoredValue, row: SeenRow): void {
    this.#rows.use(nameOf(key), row);
    if (this.#rows.size > maxRows) this.#rows.removeOldest();
  }
}

/** A row as it is now, with what a write has changed. */
function joined(now: RowState, before: RowState | undefined, after: RowState): RowState {
  const changed = <T>(was: Readonly<Record<string, T>> | undefined, is: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(is).filter(([name, value]) => value !== was?.[name]));
  return {
    values: { ...now.values, ...changed(before?.values, after.values) },
    marks: { ...now.marks, ...changed(before?.marks, after.marks) },
    states: { ...now.states, ...changed(before?.states, after.states) },
  };
}

function projectionOf({ fields }: TableDefinition): Document {
  if (!fields) return { _id: 0, _src: 0, _at: 0 };
  return { _id: 0, ...Object.fromEntries(columnsOf(fields).map(([field]) => [field, 1])), _marks: 1, _states: 1 };
}

/** A document as changes are folded into it. @throws FDP_MESSAGE_UNREADABLE */
export function stateOf(definition: TableDefinition, document: Document): RowState {
  const { fields } = definition;
  const names = fields
    ? Object.keys(fields)
    : Object.keys(document).filter((name) => name !== '_marks' && name !== '_states');
  const values = names.map((name) => {
    const value = fromBson(definition, name, document[name]);
    return [name, Array.isArray(value) && fields ? JSON.stringify(value) : (value as StoredValue)] as const;
  });
  return { values: Object.fromEntries(values), marks: marksIn(document), states: readStates(document['_states']) };
}

/** Distinguished from texts by a character that no text has. */
function nameOf(key: StoredValue): string {
  return typeof key === 'string' ? key : `\0${typeof key} ${key}`;
}
