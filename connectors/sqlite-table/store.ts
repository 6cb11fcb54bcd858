import { errorText, FdpError, isRetriable } from '../../src/errors.ts';
import type { Environment } from '../../src/kit/environment.ts';
import type { Query } from '../../src/kit/lookup.ts';
import type { Row } from '../../src/kit/row.ts';
import type { Mark } from '../../src/kit/sink.ts';
import type { Database, SqlValue } from '../shared/sqlite-file/database.ts';
import { HeldFile } from '../shared/sqlite-file/held-file.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import { readStates, statesText } from '../shared/table/states.ts';
import {
  expireStep,
  type Inserted,
  type Marks,
  type MarkTuple,
  type NewRow,
  type Retention,
  type RowChange,
  type RowState,
  type TableReader,
  type TableStore,
} from '../shared/table/store.ts';
import { type StoredValue, storableRow } from '../shared/table/values.ts';
import { sqlValue, TableInsert } from './insert.ts';
import { highestMark, marksOf, newestOffset } from './lanes.ts';
import { selectSql } from './query.ts';
import { plainRow, RowMaker } from './rows.ts';
import { addStates, createTable, fieldSql, hasStates, quoted } from './schema.ts';
import { removedTo, trimTable } from './trim.ts';

export interface SqliteTableOptions {
  readonly path: string;
  readonly table: string;
  readonly definition: TableDefinition;
}

/** One table in a SQLite file, as one role sees it. */
export class SqliteTableStore implements TableStore<NewRow['values']>, TableReader {
  readonly definition: TableDefinition;
  readonly insertsAtOnce = 2;
  readonly retention: Retention = {
    expire: () => this.#expire(),
    trim: () => this.#write((db) => trimTable(db, this.#table, this.definition, this.#now())),
    removedTo: async (lane) => this.#file.opened.read((db) => removedTo(db, this.#table, lane)),
  };
  readonly #file: HeldFile;
  readonly #table: string;
  readonly #environment: Environment;
  readonly #insert: TableInsert;
  readonly #rows: RowMaker;
  /**
   * Whether the table has the column of what rows keep beside their fields, as of this transaction. One of changes that
   * need none has not: an older fdp can still open it.
   */
  #hasStates = false;

  constructor({ path, table, definition }: SqliteTableOptions, environment: Environment) {
    this.definition = definition;
    this.#file = new HeldFile(`${definition.name}: the table`, path, environment);
    this.#table = table;
    this.#environment = environment;
    this.#insert = new TableInsert(table, definition);
    this.#rows = new RowMaker(definition);
  }

  async open(signal: AbortSignal): Promise<void> {
    const file = await this.#file.open(signal);
    await file.write((db) => createTable(db, this.#table, this.definition), signal);
  }

  kept(value: unknown): NewRow['values'] {
    return storableRow(this.definition, value);
  }

  async insert(rows: readonly NewRow[], signal: AbortSignal): Promise<Inserted> {
    const known = await this.#write((db) => this.#insert.run(db, rows, this.#now()), signal);
    return { known, failed: new Map() };
  }

  put(values: NewRow['values'], signal: AbortSignal): Promise<void> {
    const key = values[this.definition.unique ?? ''] ?? null;
    return this.#change((db) => this.#store(db, this.#row(db, key)?.id, { values, marks: {}, states: {} }), signal);
  }

  merge(
    keys: readonly StoredValue[],
    change: RowChange,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<StoredValue, Error>> {
    return this.#change((db) => {
      for (const key of keys) {
        const before = this.#row(db, key);
        const { row } = change(key, before?.state);
        if (row) this.#store(db, before?.id, row);
      }
      return new Map();
    }, signal);
  }

  mark(lane: string): Promise<Mark | undefined> {
    return highestMark(this.#file, this.#table, lane, this.#environment.clock);
  }

  async marks(keys: readonly StoredValue[]): Promise<ReadonlyMap<StoredValue, Marks>> {
    const rows = this.#file.opened.read((db) => keys.map((key) => [key, this.#marks(db, key)] as const));
    return new Map(rows.flatMap(([key, marks]) => (marks ? [[key, marks]] : [])));
  }

  async missing(keys: readonly StoredValue[]): Promise<ReadonlySet<StoredValue>> {
    return this.#file.opened.read((db) => new Set(keys.filter((key) => !this.#marks(db, key))));
  }

  newest(lane: string): Promise<number | undefined> {
    return newestOffset(this.#file, this.#table, lane, this.#environment.clock);
  }

  async forget(lane: string, to: MarkTuple): Promise<void> {
    const above = '(json_extract(_marks, ?), json_extract(_marks, ?)) > (?, ?)';
    const sql = `UPDATE ${quoted(this.#table)} SET _marks = json_set(_marks, ?, json(?)) WHERE ${above}`;
    const path = `$.${JSON.stringify(lane)}`;
    const [offset, index] = to;
    await this.#file.opened.write((db) =>
      db.run(sql, path, JSON.stringify(to), `${path}[0]`, `${path}[1]`, offset, index),
    );
  }

  async find(query: Query): Promise<readonly Row[]> {
    const { name } = this.definition;
    const select = selectSql(this.#table, this.definition, query);
    if (!select) return [];
    try {
      const found = this.#file.opened.read((db) => {
        if (query.belowLimit) throwIfReached(query.limit, db.get(select.count, ...select.values)?.['matches'], name);
        return db.lists(select.sql, ...select.values);
      });
      const rows = query.fields ? new RowMaker(this.definition, query.fields) : this.#rows;
      return found.map((values) => rows.make(select.isPacked ? JSON.parse(String(values[0])) : values));
    } catch (error) {
      if (!isRetriable(error)) throw error;
      throw new FdpError('FDP_UNAVAILABLE', `${name}: ${errorText(error)}`, { cause: error });
    }
  }

  get walBytes(): number {
    return this.#file.opened.walBytes;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** A transaction that changes rows. */
  #change<T>(work: (db: Database) => T, signal: AbortSignal): Promise<T> {
    return this.#write((db) => {
      this.#hasStates = hasStates(db, this.#table);
      return work(db);
    }, signal);
  }

  #write<T>(work: (db: Database) => T, signal?: AbortSignal): Promise<T> {
    return this.#file.opened.write(work, signal);
  }

  #expire(): Promise<number> {
    const { expireMs = Number.POSITIVE_INFINITY } = this.definition;
    const table = quoted(this.#table);
    const sql = `DELETE FROM ${table} WHERE _id IN (SELECT _id FROM ${table} WHERE _at < ? LIMIT ${expireStep})`;
    return this.#write((db) => db.run(sql, this.#now() - expireMs));
  }

  #now(): number {
    return this.#environment.clock.now();
  }

  /** Writes a row: replaces the one of that id, or inserts a new one. */
  #store(db: Database, id: number | undefined, { values, marks, states }: RowState): void {
    const kept = statesText(states);
    if (kept !== null && !this.#hasStates) {
      addStates(db, this.#table);
      this.#hasStates = true;
    }
    const all = {
      ...this.#columns(values),
      ...{ _at: this.#now(), _marks: JSON.stringify(marks) },
      ...(this.#hasStates ? { _states: kept } : {}),
    };
    if (id === undefined) {
      const made = { ...all, _lane: '', _offset: -1, _index: 0 };
      db.run(this.#insertSql(made), ...Object.values(made));
    } else {
      const set = Object.keys(all).map((column) => `${quoted(column)} = ?`);
      db.run(`UPDATE ${quoted(this.#table)} SET ${set.join(', ')} WHERE _id = ?`, ...Object.values(all), id);
    }
  }

  #insertSql(columns: Readonly<Record<string, SqlValue>>): string {
    const names = Object.keys(columns);
    return `INSERT INTO ${quoted(this.#table)} (${names.map(quoted).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`;
  }

  /** The marks of a row; undefined when there is none. */
  #marks(db: Database, key: StoredValue): Marks | undefined {
    const where = fieldSql(this.definition, this.definition.unique ?? '');
    const row = db.get(`SELECT _marks FROM ${quoted(this.#table)} WHERE ${where} = ?`, sqlValue(key));
    return row && marksOf(row);
  }

  #row(db: Database, key: StoredValue): { readonly id: number; readonly state: RowState } | undefined {
    const { fields, unique = '' } = this.definition;
    const columns = fields ? Object.keys(fields).map(quoted) : ['_doc'];
    if (this.#hasStates) columns.push('_states');
    const sql = `SELECT _id, _marks, ${columns.join(', ')} FROM ${quoted(this.#table)} WHERE ${fieldSql(this.definition, unique)} = ?`;
    const row = db.get(sql, sqlValue(key));
    if (!row) return undefined;
    const { _id, ...values } = plainRow(this.definition, row);
    return {
      id: Number(_id),
      state: { values: values as RowState['values'], marks: marksOf(row), states: readStates(row['_states']) },
    };
  }

  #columns(values: Readonly<Record<string, StoredValue>>): Readonly<Record<string, SqlValue>> {
    if (!this.definition.fields) return { _doc: JSON.stringify(values) };
    return Object.fromEntries(Object.entries(values).map(([field, value]) => [field, sqlValue(value)]));
  }
}

function throwIfReached(limit: number, matches: SqlValue | undefined, name: string): void {
  if (Number(matches) < limit) return;
  throw new FdpError('FDP_RESULT_TOO_LARGE', `${name}: ${limit} rows or more match`);
}
