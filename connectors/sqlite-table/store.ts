import { errorText, FdpError, isRetriable } from '../../src/errors.ts';
import type { Environment } from '../../src/kit/environment.ts';
import type { Query } from '../../src/kit/lookup.ts';
import type { Row } from '../../src/kit/row.ts';
import type { Mark } from '../../src/kit/sink.ts';
import type { Database, SqlValue } from '../shared/sqlite-file/database.ts';
import { HeldFile } from '../shared/sqlite-file/held-file.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import {
  expireStep,
  type Inserted,
  type Marks,
  type MarkTuple,
  type NewRow,
  type Retention,
  type RowChange,
  type TableReader,
  type TableStore,
} from '../shared/table/store.ts';
import { type StoredValue, storableRow } from '../shared/table/values.ts';
import { sqlValue, TableInsert } from './insert.ts';
import { highestMark, marksOf, newestOffset } from './lanes.ts';
import { RowMerge } from './merge.ts';
import { selectSql } from './query.ts';
import { RowMaker } from './rows.ts';
import { createTable, fieldSql, quoted } from './schema.ts';
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
  readonly #merge: RowMerge;

  constructor({ path, table, definition }: SqliteTableOptions, environment: Environment) {
    this.definition = definition;
    this.#file = new HeldFile(`${definition.name}: the table`, path, environment);
    this.#table = table;
    this.#environment = environment;
    this.#insert = new TableInsert(table, definition);
    this.#rows = new RowMaker(definition);
    this.#merge = new RowMerge(table, definition);
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
    const row = { values, marks: {}, states: {} };
    return this.#change((db) => this.#merge.write(db, this.#merge.find(db, key), row, this.#now()), signal);
  }

  merge(
    keys: readonly StoredValue[],
    change: RowChange,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<StoredValue, Error>> {
    return this.#change((db) => {
      for (const key of keys) {
        const found = this.#merge.find(db, key);
        const { row } = change(key, found?.state);
        if (row) this.#merge.write(db, found, row, this.#now());
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
      this.#merge.begin(db);
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

  /** The marks of a row; undefined when there is none. */
  #marks(db: Database, key: StoredValue): Marks | undefined {
    const where = fieldSql(this.definition, this.definition.unique ?? '');
    const row = db.get(`SELECT _marks FROM ${quoted(this.#table)} WHERE ${where} = ?`, sqlValue(key));
    return row && marksOf(row);
  }
}

function throwIfReached(limit: number, matches: SqlValue | undefined, name: string): void {
  if (Number(matches) < limit) return;
  throw new FdpError('FDP_RESULT_TOO_LARGE', `${name}: ${limit} rows or more match`);
}
