import type { Lookup, Query } from './lookup.ts';
import type { Row } from './row.ts';

/** Rows of one query. */
export const pageSize = 1000;

/** A query whose rows are in the order of a number or date field and then of `_id`. */
export type PagedQuery = Pick<Query, 'where' | 'ranges' | 'sort'>;

/** The next rows; none at the end. */
export type NextRows = (signal: AbortSignal) => Promise<readonly Row[]>;

/**
 * Reads the rows of a query page by page, each once, in bounded memory. A row without a value of the first sort field is left
 * out. The returned function throws what the store throws; called again, it repeats the page.
 */
export function rowPages(table: Pick<Lookup, 'find'>, { where, ranges = [], sort }: PagedQuery): NextRows {
  const field = sort[0]?.field ?? '';
  const bounded = ranges.some((range) => range.field === field && range.from !== undefined);
  const given = bounded ? ranges : withBound(ranges, field);
  let after: Query['after'];
  let isOver = false;
  return async (signal) => {
    if (isOver) return [];
    const rows = await table.find({ where, ranges: given, sort, limit: pageSize, ...(after && { after }) }, signal);
    const last = rows.at(-1);
    isOver = rows.length < pageSize;
    if (last) after = { value: Number(last[field]), id: String(last['_id']) };
    return rows;
  };
}

/** With a lower bound for the field: rows without a value are in no range. */
function withBound(ranges: NonNullable<Query['ranges']>, field: string): NonNullable<Query['ranges']> {
  const others = ranges.filter((range) => range.field !== field);
  const own = ranges.find((range) => range.field === field);
  return [...others, { ...own, field, from: -Number.MAX_VALUE }];
}
