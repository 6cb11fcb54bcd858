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
  if (type === 'boolean') return (value) => (value === null ? null : value !== 0);
  return type === 'strings' ? listOf : (value) => value;
}

/** A row as changes are folded into it: lists stay JSON. */
export function plainRow({ fields }: TableDefinition, row: SqlRow): Row {
  const id = { _id: String(row['_id']) };
  if (!fields) return { ...(parseJson(String(row['_doc'])) as object), ...id };
  const values = Object.entries(fields).map(([field, type]) => {
    const value = row[field] ?? null;
    return [field, type === 'boolean' && value !== null ? value !== 0 : value];
  });
  return { ...id, ...(Object.fromEntries(values) as Row) };
}
