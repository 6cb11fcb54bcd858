import type { Row } from '../../../kit/row.ts';
import type { FindRead, Operand } from '../requests/known-route.ts';
import { exact } from './exact.ts';

/** The parameters of a request, typed and with their defaults. */
export type Parameters = Readonly<Record<string, unknown>>;

/** A table as it is asked: its rows in the order of storing, each with its `_id`, and the types of its fields. */
export interface AskedTable {
  readonly rows: readonly Row[];
  readonly fields: Readonly<Record<string, string>> | undefined;
}

/** Where a page begins: behind the row of this time and id, or behind all of this time. */
export interface Cursor {
  readonly value: number;
  readonly id?: string;
}

export interface FoundRows {
  readonly rows: readonly Row[];
  /** The last row of a page after which there are more; undefined where there is none. */
  readonly edge: Row | undefined;
}

/**
 * The rows that a `find` gives: all that match, sorted, of which a page is the part behind its cursor. Undefined for a question that
 * has no answer: a range that ends before it begins, or more rows than a file may have.
 */
export function foundRows(read: FindRead, parameters: Parameters, table: AskedTable): FoundRows | undefined {
  const bounds = read.ranges.map(({ field, from, to }) => {
    return { field, from: numberOf(from, parameters), to: numberOf(to, parameters) };
  });
  if (bounds.some(({ from, to }) => from !== undefined && to !== undefined && from > to)) return undefined;
  const wanted = read.where
    .map(([field, value]) => [field, operandValue(value, parameters)] as const)
    .filter(([, value]) => value !== undefined);
  const matching = table.rows.filter((row) => {
    if (!wanted.every(([field, value]) => isEqual(row[field], value, table.fields?.[field]))) return false;
    return bounds.every(({ field, from, to }) => {
      if (from === undefined && to === undefined) return true;
      const value = row[field];
      return typeof value === 'number' && !(from !== undefined && value < from) && !(to !== undefined && value >= to);
    });
  });
  const order = orderBy(read, table);
  const [first] = read.sort;
  if (read.atMost !== undefined) {
    const rows = matching.filter((row) => first === undefined || typeof row[first.field] === 'number').sort(order);
    return rows.length > read.atMost ? undefined : { rows, edge: undefined };
  }
  if (!read.isPaged) return { rows: matching.sort(order).slice(0, read.limit), edge: undefined };
  const left = behind(matching, parameters['before'] as Cursor | undefined, { read, order });
  const limit = Number(parameters['limit']);
  const rows = left.slice(0, limit);
  return { rows, edge: left.length > limit ? rows.at(-1) : undefined };
}

/** A row is put where the cursor points to; what is behind it is left. */
function behind(
  rows: readonly Row[],
  cursor: Cursor | undefined,
  { read, order }: { readonly read: FindRead; readonly order: (one: Row, other: Row) => number },
): readonly Row[] {
  const [first, second] = read.sort;
  if (!cursor || !first) return [...rows].sort(order);
  const last = second?.descending ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const mark: Row = { [first.field]: cursor.value, _id: cursor.id ?? last };
  const dated = rows.filter((row) => typeof row[first.field] === 'number');
  const sorted = [...dated, mark].sort(order);
  return sorted.slice(sorted.indexOf(mark) + 1);
}

function orderBy({ sort }: FindRead, { fields }: AskedTable): (one: Row, other: Row) => number {
  return (one, other) => {
    for (const { field, descending } of sort) {
      const [first, second] = [one, other].map((row) => keyOf(row[field], field, fields?.[field]));
      const difference = compare(first, second);
      if (difference !== 0) return descending ? -difference : difference;
    }
    return 0;
  };
}

function keyOf(value: unknown, field: string, type: string | undefined): unknown {
  if (value === undefined || value === null) return null;
  if (field === '_id') return Number(value);
  return type === 'decimal' ? exact(value) : value;
}

/** Nothing comes first, and text after all else, by its bytes. */
function compare(one: unknown, other: unknown): number {
  if (one === null || other === null) return Number(one !== null) - Number(other !== null);
  if (typeof one === 'string' && typeof other === 'string') return Buffer.compare(Buffer.from(one), Buffer.from(other));
  const [first, second] = [one as number | bigint, other as number | bigint];
  return first < second ? -1 : Number(first > second);
}

function isEqual(value: unknown, wanted: unknown, type: string | undefined): boolean {
  if (type === 'decimal' && value !== null) return exact(value) === exact(wanted);
  return value === wanted;
}

function operandValue(operand: Operand | undefined, parameters: Parameters): unknown {
  if (!operand) return undefined;
  return 'constant' in operand ? operand.constant : parameters[operand.parameter];
}

function numberOf(operand: Operand | undefined, parameters: Parameters): number | undefined {
  const value = operandValue(operand, parameters);
  return value === undefined ? undefined : Number(value);
}
