import { FdpError, isRetriable, messageOf } from '../../src/errors.ts';
import type { Environment } from '../../src/kit/environment.ts';
import { parseJson } from '../../src/kit/json.ts';
import type { Query } from '../../src/kit/lookup.ts';
import type { Coordinates } from '../../src/kit/origin.ts';
import type { Row } from '../../src/kit/row.ts';
import type { Mark } from '../../src/kit/sink.ts';
import type { Database, SqlRow, SqlValue } from '../shared/sqlite-file/database.ts';
import { HeldFile } from '../shared/sqlite-file/held-file.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import {
  expireStep,
  isAbove,
  type Marks,
  type MarkTuple,
  markOf,
  type NewRow,
  type Place,
  type RowState,
  type TableStore,
} from '../shared/table/store.ts';
import type { StoredValue } from '../shared/table/values.ts';
import { sqlValue, TableInsert } from './insert.ts';
import { selectSql } from './query.ts';
import { RowMaker } from './rows.ts';
import { createTable, fieldSql, quoted } from './schema.ts';
import { removedTo, trimTable } from './trim.ts';

/** Rows whose marks or origins are read at once. */
const markStep = 2000;

export interface SqliteTableOptions {
  readonly path: string;
  readonly table: string;
  readonly definition: TableDefinition;
}

/** One table in a SQLite file, as one role sees it. */
export class SqliteTableStore implements TableStore {
  readonly definition: TableDefinition;
  readonly #file: HeldFile;
  readonly #table: string;
  readonly #environment: Environment;
  readonly #insert: TableInsert;
  readonly #rows: RowMaker;

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

  insert(rows: readonly NewRow[], signal: AbortSignal): Promise<ReadonlyMap<number, Coordinates>> {
    return this.#file.opened.write((db) => this.#insert.run(db, rows, this.#now()), signal);
  }

  merge(
    keys: readonly StoredValue[],
    change: (key: StoredValue, row: RowState | undefined) => RowState | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    return this.#file.opened.write((db) => {
      for (const key of keys) {
        const before = this.#row(db, key);
        const after = change(key, before?.state);
        if (after && before) this.#update(db, before.id, after);
        else if (after) this.#create(db, after);
      }
    }, signal);
  }

  async mark(lane: string): Promise<Mark | undefined> {
    const sql = `SELECT _id, _marks FROM ${quoted(this.#table)} WHERE _id > ? AND _marks IS NOT NULL ORDER BY _id LIMIT ${markStep}`;
    let highest: MarkTuple | undefined;
    for (let last = 0; ; ) {
      const rows = this.#file.opened.read((db) => db.all(sql, last));
      for (const row of rows) {
        const mark = marksOf(row)[lane];
        if (mark && isAbove(mark, highest)) highest = mark;
      }
      if (rows.length < markStep) return markOf(highest);
      last = Number(rows.at(-1)?.['_id']);
      await this.#environment.clock.turn();
    }
  }

  async marks(key: StoredValue): Promise<Marks | undefined> {
    return this.#file.opened.read((db) => this.#row(db, key))?.state.marks;
  }

  async newest(lane: string): Promise<number | undefined> {
    const columns = `SELECT _id, _lane, _offset FROM ${quoted(this.#table)}`;
    const sql = `${columns} WHERE _id < ? ORDER BY _id DESC LIMIT ${markStep}`;
    for (let before = Number.MAX_SAFE_INTEGER; ; ) {
      const rows = this.#file.opened.read((db) => db.all(sql, before));
      const found = rows.find((row) => row['_lane'] === lane);
      if (found) return Number(found['_offset']);
      if (rows.length < markStep) return undefined;
      before = Number(rows.at(-1)?.['_id']);
      await this.#environment.clock.turn();
    }
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
      return found.map((values) => this.#rows.make(values));
    } catch (error) {
      if (!isRetriable(error)) throw error;
      throw new FdpError('FDP_UNAVAILABLE', `${name}: ${messageOf(error)}`, { cause: error });
    }
  }

  expire(): Promise<number> {
    const { expireMs = Number.POSITIVE_INFINITY } = this.definition;
    const table = quoted(this.#table);
    const sql = `DELETE FROM ${table} WHERE _id IN (SELECT _id FROM ${table} WHERE _at < ? LIMIT ${expireStep})`;
    return this.#file.opened.write((db) => db.run(sql, this.#now() - expireMs));
  }

  trim(): Promise<number> {
    return this.#file.opened.write((db) => trimTable(db, this.#table, this.definition, this.#now()));
  }

  async removedTo(lane: string): Promise<Place | undefined> {
    return this.#file.opened.read((db) => removedTo(db, this.#table, lane));
  }

  get walBytes(): number {
    return this.#file.opened.walBytes;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #now(): number {
    return this.#environment.clock.now();
  }

  #create(db: Database, { values, marks }: RowState): void {
    const all = {
      ...this.#columns(values),
      ...{ _lane: '', _offset: -1, _index: 0, _at: this.#now(), _marks: JSON.stringify(marks) },
    };
    db.run(this.#insertSql(all), ...Object.values(all));
  }

  #update(db: Database, id: number, { values, marks }: RowState): void {
    const all = { ...this.#columns(values), _at: this.#now(), _marks: JSON.stringify(marks) };
    const set = Object.keys(all).map((column) => `${quoted(column)} = ?`);
    db.run(`UPDATE ${quoted(this.#table)} SET ${set.join(', ')} WHERE _id = ?`, ...Object.values(all), id);
  }

  #insertSql(columns: Readonly<Record<string, SqlValue>>): string {
    const names = Object.keys(columns);
    return `INSERT INTO ${quoted(this.#table)} (${names.map(quoted).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`;
  }

  #row(db: Database, key: StoredValue): { readonly id: number; readonly state: RowState } | undefined {
    const { fields, unique = '' } = this.definition;
    const columns = fields ? Object.keys(fields).map(quoted) : ['_doc'];
    const sql = `SELECT _id, _marks, ${columns.join(', ')} FROM ${quoted(this.#table)} WHERE ${fieldSql(this.definition, unique)} = ?`;
    const row = db.get(sql, sqlValue(key));
    if (!row) return undefined;
    const { _id, ...values } = this.#plain(row);
    return { id: Number(_id), state: { values: values as RowState['values'], marks: marksOf(row) } };
  }

  #columns(values: Readonly<Record<string, StoredValue>>): Readonly<Record<string, SqlValue>> {
    if (!this.definition.fields) return { _doc: JSON.stringify(values) };
    return Object.fromEntries(Object.entries(values).map(([field, value]) => [field, sqlValue(value)]));
  }

  #plain(row: SqlRow): Row {
    const { fields } = this.definition;
    const id = { _id: String(row['_id']) };
    if (!fields) return { ...(parseJson(String(row['_doc'])) as object), ...id };
    const values = Object.entries(fields).map(([field, type]) => {
      const value = row[field] ?? null;
      return [field, type === 'boolean' && value !== null ? value !== 0 : value];
    });
    return { ...id, ...(Object.fromEntries(values) as Row) };
  }
}

function throwIfReached(limit: number, matches: SqlValue | undefined, name: string): void {
  if (Number(matches) < limit) return;
  throw new FdpError('FDP_RESULT_TOO_LARGE', `${name}: ${limit} rows or more match`);
}

function marksOf(row: SqlRow): Marks {
  const text = row['_marks'];
  return typeof text === 'string' ? (parseJson(text) as Marks) : {};
}
