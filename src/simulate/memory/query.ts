import type { TableDefinition } from '../../../connectors/shared/table/definition.ts';
import { checkQuery } from '../../../connectors/shared/table/query.ts';
import { type StoredValue, storedValue } from '../../../connectors/shared/table/values.ts';
import { FdpError } from '../../errors.ts';
import type { Query } from '../../kit/lookup.ts';
import type { MemoryRow } from './space.ts';

/**
 * The rows that match a query, in its order, before its limit.
 * @throws as `checkQuery`, FDP_PARAMETER_INVALID for an invalid `after.id`
 */
export function matching(rows: Iterable<MemoryRow>, definition: TableDefinition, query: Query): MemoryRow[] {
  checkQuery(definition, query);
  const wanted = Object.entries(query.where).map(([field, value]) => [field, bound(definition, field, value)] as const);
  if (wanted.some(([, value]) => value === undefined)) return [];
  const valueIn = (row: MemoryRow, field: string) => (field === '_id' ? row.id : (row.values[field] ?? null));
  const found = [...rows].filter((row) => wanted.every(([field, value]) => valueIn(row, field) === value));
  const order = (a: MemoryRow, b: MemoryRow): number => {
    for (const { field, descending } of query.sort) {
      const decimal = definition.fields?.[field] === 'decimal';
      const difference = compare(valueIn(a, field), valueIn(b, field), decimal);
      if (difference !== 0) return descending ? -difference : difference;
    }
    return 0;
  };
  const isWithin = (row: MemoryRow) =>
    (query.ranges ?? []).every(({ field, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }) => {
      const value = valueIn(row, field);
      return typeof value === 'number' && value >= from && value < to;
    });
  return found.filter((row) => isWithin(row) && isAfter(row, definition, query)).sort(order);
}

function isAfter(row: MemoryRow, { name }: TableDefinition, { after, sort }: Query): boolean {
  const [first, second] = sort;
  if (!after || !first) return true;
  if (after.id !== undefined && !/^\d{1,15}$/.test(after.id))
    throw new FdpError('FDP_PARAMETER_INVALID', `${name}: "${after.id}" is not a row of this table`);
  const value = row.values[first.field] ?? null;
  if (value === null) return false;
  const difference = compare(value, after.value, false) * (first.descending ? -1 : 1);
  if (difference !== 0 || after.id === undefined) return difference > 0;
  return (row.id - Number(after.id)) * (second?.descending ? -1 : 1) > 0;
}

function bound(definition: TableDefinition, field: string, value: unknown): StoredValue | undefined {
  if (field === '_id') return /^\d{1,15}$/.test(String(value)) ? Number(value) : undefined;
  const type = definition.fields?.[field];
  if (type) return storedValue(type, value);
  if (value === null || value === undefined) return null;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

/** SQLite's order: null first, then numbers, then text by its bytes. */
function compare(a: StoredValue, b: StoredValue, decimal: boolean): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (typeof a === 'string' && typeof b === 'string' && !decimal) return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Number(a) - Number(b);
}
