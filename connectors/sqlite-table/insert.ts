import type { Coordinates } from '../../src/kit/origin.ts';
import type { Database, SqlValue } from '../shared/sqlite-file/database.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import { isAbove, type LaneOffset, type NewRow } from '../shared/table/store.ts';
import type { StoredValue } from '../shared/table/values.ts';
import { fieldSql, quoted } from './schema.ts';
import { removedTo } from './trim.ts';

/** Rows of one statement: one statement per row takes a third longer. */
const groupRows = 20;
const own = ['_lane', '_offset', '_index', '_at'];

/** Inserts new rows into one table, with prepared statements. */
export class TableInsert {
  readonly #table: string;
  readonly #definition: TableDefinition;
  readonly #columns: readonly string[] | undefined;
  readonly #one: string;
  readonly #group: string;
  readonly #known: string;

  constructor(table: string, definition: TableDefinition) {
    const { fields, unique = '_id' } = definition;
    this.#table = table;
    this.#definition = definition;
    this.#columns = fields && Object.keys(fields);
    const columns = [...(this.#columns ?? ['_doc']), ...own];
    const row = `(${columns.map(() => '?').join(', ')})`;
    const into = (rows: number) =>
      `INSERT INTO ${quoted(table)} (${columns.map(quoted).join(', ')}) VALUES ${Array(rows).fill(row).join(', ')} ON CONFLICT DO NOTHING`;
    this.#one = into(1);
    this.#group = into(groupRows);
    this.#known = `SELECT _lane, _offset, _index FROM ${quoted(table)} WHERE ${fieldSql(definition, unique)} = ?`;
  }

  /**
   * Inserts rows in order; returns the known ones by index, with the origin of the row stored first. Runs in a
   * transaction.
   */
  run(db: Database, rows: readonly NewRow[], now: number): ReadonlyMap<number, Coordinates> {
    const known = new Map<number, Coordinates>();
    const removed = new Map<string, LaneOffset | undefined>();
    for (const { lane } of rows.map(({ coordinates }) => coordinates))
      if (!removed.has(lane)) removed.set(lane, removedTo(db, this.#table, lane));
    const wasRemoved = ({ coordinates: { lane, offset, index } }: NewRow) =>
      offset >= 0 && removed.get(lane) !== undefined && !isAbove([offset, index], removed.get(lane));
    const isAllAbove = !rows.some(wasRemoved);
    if (isAllAbove && rows.length >= groupRows && this.#allNew(db, rows, now)) return known;
    for (const [index, row] of rows.entries()) {
      if (!isAllAbove && wasRemoved(row)) known.set(index, this.#first(db, row) ?? row.coordinates);
      else if (!this.#insert(db, row, now)) known.set(index, this.#first(db, row) ?? row.coordinates);
    }
    return known;
  }

  /** Stores all rows in groups, or none if one of them is known. */
  #allNew(db: Database, rows: readonly NewRow[], now: number): boolean {
    db.exec('SAVEPOINT rows');
    let index = 0;
    let isNew = true;
    for (; isNew && index + groupRows <= rows.length; index += groupRows) {
      const values: SqlValue[] = [];
      for (let at = index; at < index + groupRows; at++) this.#add(values, rows[at] as NewRow, now);
      isNew = db.run(this.#group, ...values) === groupRows;
    }
    for (; isNew && index < rows.length; index++) isNew = this.#insert(db, rows[index] as NewRow, now);
    if (!isNew) db.exec('ROLLBACK TO rows');
    db.exec('RELEASE rows');
    return isNew;
  }

  /** False if the row is known. */
  #insert(db: Database, row: NewRow, now: number): boolean {
    const values: SqlValue[] = [];
    this.#add(values, row, now);
    return db.run(this.#one, ...values) > 0;
  }

  /** The origin of the row with that unique value, if there is one. */
  #first(db: Database, row: NewRow): Coordinates | undefined {
    const { unique = '_id' } = this.#definition;
    const first = db.get(this.#known, sqlValue(row.values[unique] ?? null));
    return first && { lane: String(first['_lane']), offset: Number(first['_offset']), index: Number(first['_index']) };
  }

  #add(to: SqlValue[], { values, coordinates }: NewRow, now: number): void {
    if (this.#columns) for (const column of this.#columns) to.push(sqlValue(values[column] ?? null));
    else to.push(JSON.stringify(values));
    to.push(coordinates.lane, coordinates.offset, coordinates.index, now);
  }
}

/** SQLite has no booleans. */
export function sqlValue(value: StoredValue): SqlValue {
  return typeof value === 'boolean' ? Number(value) : value;
}
