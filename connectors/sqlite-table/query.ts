import { FdpError } from '../../src/errors.ts';
import type { Query } from '../../src/kit/lookup.ts';
import type { SqlValue } from '../shared/sqlite-file/database.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import { checkQuery } from '../shared/table/query.ts';
import { storedValue } from '../shared/table/values.ts';
import { fieldSql, quoted } from './schema.ts';

export interface Select {
  readonly sql: string;
  /** The number of the same rows, as `matches`, without reading them. */
  readonly count: string;
  readonly values: readonly SqlValue[];
  /** Whether each row is one JSON list, of `_id` and the selected fields. */
  readonly isPacked: boolean;
}

/**
 * A query as SQL, with every value bound. Undefined if no row can match, since a value does not have the field's type.
 * A keyset (`after`) becomes a range of the sort's index, so that each page costs the same.
 * @throws as `checkQuery`, FDP_PARAMETER_INVALID for an invalid `after.id`
 */
export function selectSql(table: string, definition: TableDefinition, query: Query): Select | undefined {
  checkQuery(definition, query);
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  for (const [field, value] of Object.entries(query.where)) {
    const bound = bindable(definition, field, value);
    if (bound === undefined) return undefined;
    conditions.push(bound === null ? `${fieldSql(definition, field)} IS NULL` : `${fieldSql(definition, field)} = ?`);
    if (bound !== null) values.push(bound);
  }
  for (const { field, from, to } of query.ranges ?? []) {
    if (from !== undefined) conditions.push(`${fieldSql(definition, field)} >= ?`);
    if (to !== undefined) conditions.push(`${fieldSql(definition, field)} < ?`);
    values.push(...[from, to].filter((bound) => bound !== undefined));
  }
  const keyset = keysetSql(definition, query);
  conditions.push(...keyset.conditions);
  values.push(...keyset.values, query.limit);
  if (query.skip !== undefined) values.push(query.skip);
  const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
  const order = query.sort.map((sort) => `${sortSql(definition, sort.field)}${sort.descending ? ' DESC' : ''}`);
  const orderBy = order.length > 0 ? ` ORDER BY ${order.join(', ')}` : '';
  const columns = definition.fields ? (query.fields ?? Object.keys(definition.fields)) : ['_doc'];
  const isPacked = isPackable(definition, query);
  const names = ['_id', ...columns.map(quoted)].join(', ');
  const list = isPacked ? `json_array(${names})` : names;
  const from = `FROM ${quoted(table)}${where}`;
  const limit = `LIMIT ?${query.skip === undefined ? '' : ' OFFSET ?'}`;
  const count = `SELECT count(*) AS matches FROM (SELECT 1 ${from} ${limit})`;
  return { sql: `SELECT ${list} ${from}${orderBy} ${limit}`, isPacked, count, values };
}

/**
 * Whether a row comes as one JSON text: each value that comes by itself costs more than its part of that. Not where JSON would
 * change one: SQLite writes doubles with fewer digits.
 */
function isPackable({ fields }: TableDefinition, { fields: selected }: Query): boolean {
  return fields !== undefined && (selected?.every((field) => fields[field] !== 'double') ?? false);
}

function keysetSql(definition: TableDefinition, { after, sort }: Query): { conditions: string[]; values: SqlValue[] } {
  const [first, second] = sort;
  if (!after || !first) return { conditions: [], values: [] };
  const field = fieldSql(definition, first.field);
  const beyond = first.descending ? '<' : '>';
  if (after.id === undefined || !second) return { conditions: [`${field} ${beyond} ?`], values: [after.value] };
  const id = rowId(definition, after.id);
  if (first.descending === second.descending)
    return { conditions: [`(${field}, _id) ${beyond} (?, ?)`], values: [after.value, id] };
  const beyondId = second.descending ? '<' : '>';
  return {
    conditions: [`${field} ${beyond}= ?`, `(${field} ${beyond} ? OR _id ${beyondId} ?)`],
    values: [after.value, after.value, id],
  };
}

/** The value in the column's stored form; undefined if the column can't hold it. */
function bindable(definition: TableDefinition, field: string, value: unknown): SqlValue | undefined {
  if (field === '_id') return /^\d{1,15}$/.test(String(value)) ? Number(value) : undefined;
  const type = definition.fields?.[field];
  const stored = type ? storedValue(type, value) : plain(value);
  return typeof stored === 'boolean' ? Number(stored) : stored;
}

function plain(value: unknown): string | number | boolean | null | undefined {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

function rowId({ name }: TableDefinition, id: string): number {
  if (/^\d{1,15}$/.test(id)) return Number(id);
  throw new FdpError('FDP_PARAMETER_INVALID', `${name}: "${id}" is not a row of this table`);
}

/** Decimals are text: they sort by their value, without an index. */
function sortSql(definition: TableDefinition, field: string): string {
  const sql = fieldSql(definition, field);
  return definition.fields?.[field] === 'decimal' ? `CAST(${sql} AS REAL)` : sql;
}
