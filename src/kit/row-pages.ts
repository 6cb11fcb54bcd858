import { FdpError } from '../errors.ts';
import type { Lookup, Query } from './lookup.ts';
import type { Row } from './row.ts';

/** Rows of one query. */
export const pageSize = 1000;
/** Rows of one value that are read at once, at most: pages that double. */
const mostOfOne = 65_536;

/** A query whose rows are in the order of a number or date field, and perhaps then of `_id`. */
export type PagedQuery = Pick<Query, 'where' | 'ranges' | 'sort'>;

/** The next rows; none at the end. */
export type NextRows = (signal: AbortSignal) => Promise<readonly Row[]>;

/**
 * Reads the rows of a query page by page, each once, in bounded memory. A row without a value of the first sort field is left
 * out. Sorted by that field alone, upwards, rows of one value are in one page, and may be 65,536. The returned function throws
 * what the store throws, and FDP_RESULT_TOO_LARGE for more rows of one value; called again, it repeats the page.
 */
export function rowPages(table: Pick<Lookup, 'find'>, query: PagedQuery): NextRows {
  return query.sort.length === 1 ? valuePages(table, query) : keysetPages(table, query);
}

function keysetPages(table: Pick<Lookup, 'find'>, { where, ranges = [], sort }: PagedQuery): NextRows {
  const field = sort[0]?.field ?? '';
  const given = withBound(ranges, field);
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

/** For a store whose index has no `_id`: a page goes on from the value at which the one before ended, whose rows it reads again. */
function valuePages(table: Pick<Lookup, 'find'>, { where, ranges = [], sort }: PagedQuery): NextRows {
  const field = sort[0]?.field ?? '';
  let given = withBound(ranges, field);
  let isOver = false;
  return async (signal) => {
    if (isOver) return [];
    for (let limit = pageSize; limit <= mostOfOne; limit *= 2) {
      const rows = await table.find({ where, ranges: given, sort, limit }, signal);
      isOver = rows.length < limit;
      if (isOver) return rows;
      const last = Number(rows.at(-1)?.[field]);
      const whole = rows.filter((row) => Number(row[field]) !== last);
      if (whole.length === 0) continue;
      given = given.map((range) => (range.field === field ? { ...range, from: last } : range));
      return whole;
    }
    throw new FdpError(
      'FDP_RESULT_TOO_LARGE',
      `too many rows of one ${field}: they need an index with _id after ${field}`,
    );
  };
}

/** With a lower bound for the field: rows without a value are in no range. */
function withBound(ranges: NonNullable<Query['ranges']>, field: string): NonNullable<Query['ranges']> {
  const others = ranges.filter((range) => range.field !== field);
  const own = ranges.find((range) => range.field === field);
  if (own?.from !== undefined) return ranges;
  return [...others, { ...own, field, from: -Number.MAX_VALUE }];
}
