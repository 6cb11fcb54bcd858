import type { Document } from 'mongodb';
import { FdpError } from '../../src/errors.ts';
import type { Query, Range } from '../../src/kit/lookup.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import { checkQuery } from '../shared/table/query.ts';
import { type StoredValue, storedValue } from '../shared/table/values.ts';
import { objectId, toBson } from './values.ts';

export interface Selection {
  readonly filter: Document;
  readonly projection: Document;
  readonly sort: Readonly<Record<string, 1 | -1>>;
  readonly limit: number;
  readonly skip?: number;
}

/** The largest time of a Date, ms. */
const maxDateMs = 8.64e15;

/**
 * A query for MongoDB; undefined if no row can match, since a value does not have the field's type. A keyset
 * (`after`) becomes two ranges of the sort's index, merged, so that each page costs the same.
 * @throws FDP_INTERNAL for a field that the table does not have, FDP_PARAMETER_INVALID for an invalid `after.id`
 */
export function selectionOf(definition: TableDefinition, query: Query): Selection | undefined {
  checkQuery(definition, query);
  const equal: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(query.where)) {
    const bound = field === '_id' ? objectId(value) : bsonOf(definition, field, value);
    if (bound === undefined) return undefined;
    equal[field] = { $eq: bound };
  }
  const { fields } = definition;
  for (const range of query.ranges ?? []) equal[range.field] = bounds(definition, range);
  return {
    filter: keyset(definition, query, equal),
    projection: fields
      ? Object.fromEntries(Object.keys(fields).map((field) => [field, 1]))
      : { _src: 0, _at: 0, _marks: 0 },
    sort: Object.fromEntries(query.sort.map(({ field, descending }) => [field, descending ? -1 : 1])),
    limit: query.limit,
    ...(query.skip === undefined ? {} : { skip: query.skip }),
  };
}

function bounds(definition: TableDefinition, { field, from, to }: Range): Document {
  return {
    ...(from === undefined ? {} : { $gte: edge(definition, field, from) }),
    ...(to === undefined ? {} : { $lt: edge(definition, field, to) }),
  };
}

function keyset(definition: TableDefinition, { after, sort, ranges = [] }: Query, equal: Document): Document {
  const [first, second] = sort;
  if (!after || !first) return equal;
  const value = edge(definition, first.field, after.value);
  const range = ranges.find(({ field }) => field === first.field);
  const within = range ? bounds(definition, range) : {};
  const lower = edge(definition, first.field, Math.min(range?.to ?? after.value, after.value));
  const beyond = { ...equal, [first.field]: { ...within, ...(first.descending ? { $lt: lower } : { $gt: value }) } };
  if (after.id === undefined || !second) return beyond;
  const id = objectId(after.id);
  if (!id) throw new FdpError('FDP_PARAMETER_INVALID', `${definition.name}: "${after.id}" is not a row of this table`);
  const beyondId = { [second.descending ? '$lt' : '$gt']: id };
  const level = { ...equal, [first.field]: { ...within, $eq: value }, _id: beyondId };
  return { $or: [beyond, level] };
}

function edge({ fields }: TableDefinition, field: string, value: number): unknown {
  return fields?.[field] === 'date' ? new Date(Math.max(-maxDateMs, Math.min(maxDateMs, value))) : value;
}

/** The value in the field's stored form; undefined if the field can't hold it. */
function bsonOf(definition: TableDefinition, field: string, value: unknown): unknown {
  const type = definition.fields?.[field];
  const stored = type ? storedValue(type, value) : plain(value);
  return stored === undefined ? undefined : toBson(definition, field, stored);
}

function plain(value: unknown): StoredValue | undefined {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}
