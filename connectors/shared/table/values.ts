import { FdpError } from '../../../src/errors.ts';
import { decimalText } from '../../../src/kit/decimal.ts';
import { parseJson } from '../../../src/kit/json.ts';
import type { Row } from '../../../src/kit/row.ts';
import { foreignText, jsonWithin } from '../../../src/kit/text.ts';
import type { ColumnType, TableDefinition } from './definition.ts';

/** A value as a table keeps it: decimals as canonical text, dates as Unix ms, lists as JSON. */
export type StoredValue = string | number | boolean | null;

const expected: Readonly<Record<ColumnType, string>> = {
  string: 'text without NUL characters and lone surrogates',
  decimal: 'a finite number, or its text',
  date: 'Unix ms, an integer',
  int64: 'an integer within 2^53',
  double: 'a finite number',
  boolean: 'true or false',
  strings: 'a list of texts',
};

const unstorableText = /\0|\p{Surrogate}/u;
const maxDateMs = 8.64e15;
const mostStrings = 1000;

type DeclaredFields = NonNullable<TableDefinition['fields']>;
type Columns = readonly (readonly [field: string, type: ColumnType])[];
type StoredRow = Readonly<Record<string, StoredValue>>;
const declared = new WeakMap<object, { readonly columns: Columns; readonly empty: StoredRow }>();

/** What follows from a table's declared fields; computed once. */
function declaredBy(fields: DeclaredFields): { readonly columns: Columns; readonly empty: StoredRow } {
  const known = declared.get(fields);
  if (known) return known;
  const columns = Object.entries(fields);
  const made = { columns, empty: Object.fromEntries(columns.map(([field]) => [field, null])) };
  declared.set(fields, made);
  return made;
}

/** The declared fields with their types, in order. */
export function columnsOf(fields: DeclaredFields): Columns {
  return declaredBy(fields).columns;
}

/** A row without values, to be copied: to add all fields one by one takes V8 as long as everything else that makes a row. */
export function emptyRow(fields: DeclaredFields | undefined): StoredRow {
  return fields ? declaredBy(fields).empty : {};
}

/** The value as it is stored; undefined if it has another type. Null means no value. */
export function storedValue(type: ColumnType, value: unknown): StoredValue | undefined {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'string':
      return isStorable(value) ? value : undefined;
    case 'decimal':
      return typeof value === 'number' || typeof value === 'string' ? decimalText(value) : undefined;
    case 'date':
      return Number.isInteger(value) && Math.abs(Number(value)) <= maxDateMs ? Number(value) + 0 : undefined;
    case 'int64':
      return Number.isSafeInteger(value) ? Number(value) + 0 : undefined;
    case 'double':
      return Number.isFinite(value) ? Number(value) + 0 : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'strings':
      return JSON.stringify(storedList(value));
  }
}

/**
 * A list of texts. Takes whatever comes: what is no list is one of one item, an item that is no text is kept
 * as its JSON. What describes a row further must not keep it from being stored.
 */
export function storedList(value: unknown): readonly string[] {
  const items = Array.isArray(value) ? value : [value];
  if (items.length <= mostStrings && items.every(isStorable)) return items;
  return items.slice(0, mostStrings).map((item) => (isStorable(item) ? item : foreignText(item)));
}

function isStorable(item: unknown): item is string {
  return typeof item === 'string' && !unstorableText.test(item);
}

/** A list as it is returned. */
export function listOf(text: unknown): unknown {
  return typeof text === 'string' ? parseJson(text) : null;
}

/** A stored row with its lists as lists. */
export function withLists({ fields }: TableDefinition, row: Row): Row {
  const lists = fields && columnsOf(fields).filter(([, type]) => type === 'strings');
  if (!lists || lists.length === 0) return row;
  return { ...row, ...Object.fromEntries(lists.map(([field]) => [field, listOf(row[field])])) };
}

/**
 * A message's value as a row: each declared field checked against its type, others left out; a missing field is null.
 * Without declared fields the object is kept unchanged.
 * @throws FDP_MESSAGE_REFUSED with the field, the expected type and the value
 */
export function storableRow(definition: TableDefinition, value: unknown): Readonly<Record<string, StoredValue>> {
  const given = rowOf(definition, value);
  if (!definition.fields) return given as Readonly<Record<string, StoredValue>>;
  const row: Record<string, StoredValue> = {};
  for (const [field, type] of columnsOf(definition.fields)) row[field] = storedField(definition, given, [field, type]);
  return row;
}

/** The value as named fields, unchecked. @throws FDP_MESSAGE_REFUSED if it has none, or no unique value */
export function rowOf({ name, unique }: TableDefinition, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FdpError('FDP_MESSAGE_REFUSED', `${name}: expected an object with named fields, got ${shown(value)}`);
  const given = value as Readonly<Record<string, unknown>>;
  if (unique !== undefined && (given[unique] === undefined || given[unique] === null))
    throw new FdpError('FDP_MESSAGE_REFUSED', `${name}: ${unique} identifies the row and is missing`);
  return given;
}

/** One declared field of a row. @throws FDP_MESSAGE_REFUSED when it has another type */
export function storedField(
  definition: TableDefinition,
  given: Readonly<Record<string, unknown>>,
  [field, type]: Columns[number],
): StoredValue {
  const own = Object.hasOwn(given, field) ? given[field] : null;
  const stored = storedValue(type, own);
  if (stored === undefined) throw wrongType(definition, field, own);
  return stored;
}

/** The error for a field whose value does not have the declared type. */
export function wrongType({ name, fields }: TableDefinition, field: string, value: unknown): FdpError {
  const type = fields?.[field];
  const wanted = type ? `${expected[type]} (${type})` : 'a value';
  return new FdpError('FDP_MESSAGE_REFUSED', `${name}: ${field}: expected ${wanted}, got ${shown(value)}`);
}

function shown(value: unknown): string {
  const text = Array.isArray(value) ? 'an array' : typeof value === 'string' ? jsonWithin(value, 61) : String(value);
  return `${foreignText(text, 60)} (${value === null ? 'null' : typeof value})`;
}
