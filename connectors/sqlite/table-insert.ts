import type { Coordinates } from '../../src/engine/component.ts';
import type { TableDefinition } from '../table/definition.ts';
import type { NewRow } from '../table/store.ts';
import type { StoredValue } from '../table/values.ts';
import type { Database, SqlValue } from './database.ts';
import { fieldSql, quoted } from './table-schema.ts';

/** Rows of one statement: a statement a row takes a third longer. */
const groupRows = 20;
const own = ['_lane', '_offset', '_index', '_at'];

/** Puts new rows into one table; its statements are written once. */
export class TableInsert {
  readonly #definition: TableDefinition;
  readonly #columns: readonly string[] | undefined;
  readonly #one: string;
  readonly #group: string;
  readonly #known: string;

  constructor(table: string, definition: TableDefinition) {
    const { fields, unique = '_id' } = definition;
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

  /** In order; for each row that was known, where the one stored first came from. Runs in a transaction. */
  run(db: Database, rows: readonly NewRow[], now: number): readonly (Coordinates | undefined)[] {
    if (rows.length >= groupRows && this.#allNew(db, rows, now)) return rows.map(() => undefined);
    return rows.map((row) => this.#insert(db, row, now));
  }

  /** Stores all of them in groups; or none, when one of them is known. */
  #allNew(db: Database, rows: readonly NewRow[], now: number): boolean {
    db.exec('SAVEPOINT rows');
    let place = 0;
    let isNew = true;
    for (; isNew && place + groupRows <= rows.length; place += groupRows) {
      const values = rows.slice(place, place + groupRows).flatMap((row) => this.#values(row, now));
      isNew = db.run(this.#group, ...values) === groupRows;
    }
    for (; isNew && place < rows.length; place++)
      isNew = db.run(this.#one, ...this.#values(rows[place] as NewRow, now)) > 0;
    if (!isNew) db.exec('ROLLBACK TO rows');
    db.exec('RELEASE rows');
    return isNew;
  }

  #insert(db: Database, row: NewRow, now: number): Coordinates | undefined {
    if (db.run(this.#one, ...this.#values(row, now)) > 0) return undefined;
    const { unique = '_id' } = this.#definition;
    const first = db.get(this.#known, sqlValue(row.values[unique] ?? null));
    return { lane: String(first?.['_lane']), offset: Number(first?.['_offset']), index: Number(first?.['_index']) };
  }

  #values({ values, coordinates }: NewRow, now: number): SqlValue[] {
    const { lane, offset, index } = coordinates;
    const given = this.#columns
      ? this.#columns.map((column) => sqlValue(values[column] ?? null))
      : [JSON.stringify(values)];
    given.push(lane, offset, index, now);
    return given;
  }
}

/** SQLite knows no booleans. */
export function sqlValue(value: StoredValue): SqlValue {
  return typeof value === 'boolean' ? Number(value) : value;
}
