import { FdpError } from '../../../src/errors.ts';
import type { Query } from '../../../src/kit/lookup.ts';
import type { TableDefinition } from './definition.ts';

/**
 * Refuses a query that no table could answer: a bug of the caller.
 * @throws FDP_INTERNAL for a field that the table does not have, and for a page without the sort that it needs
 */
export function checkQuery(
  { fields, name }: TableDefinition,
  { where, ranges = [], sort, after, fields: selected = [] }: Query,
): void {
  const named = [...ranges, ...sort].map(({ field }) => field);
  for (const field of [...Object.keys(where), ...named, ...selected])
    if (fields && field !== '_id' && !Object.hasOwn(fields, field))
      throw new FdpError('FDP_INTERNAL', `${name}: the table has no field "${field}"`);
  const [first, second] = sort;
  if (after && (!first || (after.id !== undefined && second?.field !== '_id')))
    throw new FdpError('FDP_INTERNAL', `${name}: a page needs a sort by one field, then by _id`);
}
