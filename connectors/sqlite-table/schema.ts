import { FdpError } from '../../src/errors.ts';
import type { SortField } from '../../src/kit/lookup.ts';
import type { Database } from '../shared/sqlite-file/database.ts';
import type { ColumnType, TableDefinition } from '../shared/table/definition.ts';

const sqlTypes: Readonly<Record<ColumnType, string>> = {
  string: 'TEXT',
  decimal: 'TEXT',
  date: 'INTEGER',
  int64: 'INTEGER',
  double: 'REAL',
  boolean: 'INTEGER',
  strings: 'TEXT',
};

/** Where a row came from, what was counted into it, and when it was last written (Unix ms). */
const ownColumns = { _lane: 'TEXT', _offset: 'INTEGER', _index: 'INTEGER', _marks: 'TEXT', _at: 'INTEGER' };

/** What first and last values and exact sums keep beside their fields; added with the first of them. */
const statesColumn = '_states';

/** A quoted SQL name. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A field as an expression: a column, or, in a table without declared fields, a part of the document. */
export function fieldSql({ fields }: TableDefinition, field: string): string {
  if (fields || field === '_id') return quoted(field);
  const path = `$.${JSON.stringify(field)}`.replaceAll("'", "''");
  return `json_extract(_doc, '${path}')`;
}

/** The columns of a table, by name, without `_id`. */
function columnsOf({ fields }: TableDefinition): Readonly<Record<string, string>> {
  const declared = Object.entries(fields ?? {}).map(([field, type]) => [field, sqlTypes[type]]);
  return { ...(fields ? Object.fromEntries(declared) : { _doc: 'TEXT' }), ...ownColumns };
}

/**
 * Creates the table and its indexes, or checks that existing ones match the declaration; fields that were declared
 * since are added. Runs in a transaction.
 * @throws FDP_STORE_DIFFERS
 */
export function createTable(db: Database, table: string, definition: TableDefinition): void {
  const columns = columnsOf(definition);
  const known = db.all(`PRAGMA table_info(${quoted(table)})`);
  if (known.length > 0) {
    const found = known
      .filter(({ name }) => name !== '_id' && name !== statesColumn)
      .map(({ name, type }) => `${name} ${type}`);
    const wanted = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
    if (found.some((column) => !wanted.includes(column)))
      throw differs(db, definition, `table ${table} has the columns ${listed(found)}, declared are ${listed(wanted)}`);
    // The table is older than a declared field: its rows don't have it.
    for (const column of Object.keys(columns).filter((name) => !known.some((each) => each['name'] === name)))
      db.exec(`ALTER TABLE ${quoted(table)} ADD COLUMN ${quoted(column)} ${columns[column]}`);
  } else {
    const list = Object.entries(columns).map(([name, type]) => `${quoted(name)} ${type}`);
    db.exec(`CREATE TABLE ${quoted(table)} (_id INTEGER PRIMARY KEY AUTOINCREMENT, ${list.join(', ')})`);
  }
  createRemoved(db, table, known.length === 0);
  createUnique(db, table, definition);
  for (const index of definition.indexes) createIndex(db, table, { definition, fields: index });
  if (definition.expireMs !== undefined)
    createIndex(db, table, {
      definition: { ...definition, fields: {} },
      fields: [{ field: '_at', descending: false }],
    });
}

/** Whether the table has the column of what rows keep beside their fields. */
export function hasStates(db: Database, table: string): boolean {
  return db.get('SELECT 1 AS one FROM pragma_table_info(?) WHERE name = ?', table, statesColumn) !== undefined;
}

/** Adds that column. Runs in a transaction. */
export function addStates(db: Database, table: string): void {
  db.exec(`ALTER TABLE ${quoted(table)} ADD COLUMN ${statesColumn} TEXT`);
}

/** Creates the table of removed rows, empty for a table that was just created. Runs in a transaction. */
function createRemoved(db: Database, table: string, isNew: boolean): void {
  db.exec(`CREATE TABLE IF NOT EXISTS fdp_removed (
    name TEXT, lane TEXT, offset INTEGER NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (name, lane)) WITHOUT ROWID`);
  if (isNew) db.run('DELETE FROM fdp_removed WHERE name = ?', table);
}

function createUnique(db: Database, table: string, definition: TableDefinition): void {
  const { unique } = definition;
  const mine = unique === undefined ? undefined : `fdp_${table}_unique_${unique}`;
  const sql =
    "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND name LIKE 'fdp\\_%' ESCAPE '\\'";
  const found = db.all(sql, table).map(({ name }) => String(name));
  const other = found.find((name) => name.startsWith(`fdp_${table}_unique_`) && name !== mine);
  const rows = () => db.get(`SELECT 1 AS one FROM ${quoted(table)} LIMIT 1`) !== undefined;
  if (other !== undefined || (mine !== undefined && !found.includes(mine) && rows())) {
    const before = other?.slice(`fdp_${table}_unique_`.length) ?? 'nothing';
    throw differs(
      db,
      definition,
      `rows of table ${table} are identified by ${before}, declared is ${unique ?? 'nothing'}`,
    );
  }
  if (unique !== undefined && mine !== undefined)
    db.exec(`CREATE UNIQUE INDEX IF NOT EXISTS ${quoted(mine)} ON ${quoted(table)} (${fieldSql(definition, unique)})`);
}

function createIndex(
  db: Database,
  table: string,
  index: { readonly definition: TableDefinition; readonly fields: readonly SortField[] },
): void {
  const { definition, fields } = index;
  const name = `fdp_${table}_by_${fields.map(({ field, descending }) => (descending ? `-${field}` : field)).join('_')}`;
  const parts = fields.map(({ field, descending }) => `${fieldSql(definition, field)}${descending ? ' DESC' : ''}`);
  db.exec(`CREATE INDEX IF NOT EXISTS ${quoted(name)} ON ${quoted(table)} (${parts.join(', ')})`);
}

function differs({ path }: Database, { name }: TableDefinition, what: string): FdpError {
  const wayOut = 'declare it as it was, or give another `table` or `path`';
  return new FdpError('FDP_STORE_DIFFERS', `${name}: ${path}: ${what}: ${wayOut}`);
}

function listed(columns: readonly string[]): string {
  return columns
    .filter((column) => !column.startsWith('_'))
    .map((column) => column.toLowerCase())
    .join(', ');
}
