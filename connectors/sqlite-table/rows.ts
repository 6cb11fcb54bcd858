import { parseJson } from '../../src/kit/json.ts';
import type { Row } from '../../src/kit/row.ts';
import type { SqlRow, SqlValue } from '../shared/sqlite-file/database.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import { listOf } from '../shared/table/values.ts';

type Reader = (value: SqlValue) => unknown;

/**
 * Makes a row of what `selectSql` selects, a list of values: `_id` and then the fields, or the document. Written out, for
 * replies of many rows: an object from entries and two spreads take ten times as long.
 */
export class RowMaker {
  readonly #fields: readonly (readonly [name: string, read: Reader])[] | undefined;

  /** @param names the selected fields; all unless given */
  constructor({ fields }: TableDefinition, names: readonly string[] = Object.keys(fields ?? {})) {
    this.#fields = fields && names.map((name) => [name, readerOf(fields[name] ?? '')]);
  }

  make([id = null, ...values]: readonly SqlValue[]): Row {
    if (!this.#fields) return { ...(parseJson(String(values[0])) as object), _id: String(id) };
    const row: Record<string, unknown> = { _id: String(id) };
    let index = 0;
    for (const [name, read] of this.#fields) row[name] = read(values[index++] ?? null);
    return row;
  }
}

function readerOf(type: string): Reader {
  return type === 'strings' ? listOf : (value) => plainValue(type, value);
}

/** A column as changes are folded into it: SQLite has no booleans, and lists stay JSON. */
export function plainValue(type: string | undefined, value: SqlValue): SqlValue | boolean {
  return type === 'boolean' && value !== null ? value !== 0 : value;
}

/** A row as changes are folded into it: lists stay JSON. */
export function plainRow({ fields }: TableDefinition, row: SqlRow): Row {
  const id = { _id: String(row['_id']) };
  if (!fields) return { ...(parseJson(String(row['_doc'])) as object), ...id };
  const values = Object.entries(fields).map(([field, type]) => [field, plainValue(type, row[field] ?? null)]);
  return { ...id, ...(Object.fromEntries(values) as Row) };
}
