import { FdpError } from '../../errors.ts';
import { indexedFields, type Lookup, leadsTo, type Query } from '../../kit/lookup.ts';
import type { Row } from '../../kit/row.ts';
import { type PagedQuery, rowPages } from '../../kit/row-pages.ts';

/** The most rows of a table without a suitable index: they are read in one query. */
const mostAtOnce = 100_000;

/** What a table's options define about its rows. */
export interface TableOptions {
  readonly fields?: Readonly<Record<string, string>>;
  readonly unique?: string;
  readonly indexes?: readonly (readonly string[])[];
}

export interface Selected {
  readonly where: Query['where'];
  /** The date field that orders the rows; undefined when the table has none. */
  readonly by: string | undefined;
  /** From this moment on, Unix ms, and before that one. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/**
 * The rows of a table, page by page, in the order of `by` if there is an index for it, and of `_id` if the index has that; a row
 * without that value is left out then. In bounded memory.
 * @throws FDP_USAGE for a range or a number of rows that needs an index, with the one to add; what the store throws
 */
export function selectedRows(
  name: string,
  { indexes = [] }: TableOptions,
  { lookup, selected, signal }: { readonly lookup: Lookup; readonly selected: Selected; readonly signal: AbortSignal },
): AsyncIterable<readonly Row[]> {
  const { where, by, from, to } = selected;
  const given = Object.keys(where);
  const fields = indexedFields(indexes);
  const leading = by === undefined ? [] : fields.filter((index) => leadsTo(index, given, by));
  if (by !== undefined && leading.length > 0) {
    const hasIds = leading.some((index) => index[index.indexOf(by) + 1] === '_id');
    const sort = (hasIds ? [by, '_id'] : [by]).map((field) => ({ field, descending: false }));
    const ranges = [{ field: by, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }];
    return pages(lookup, { where, ranges, sort }, signal);
  }
  const wanted = `an index [${[...given, by ?? 'a date field'].join(', ')}] of ${name}, or a value of one it has (--where)`;
  if (from !== undefined || to !== undefined) throw new FdpError('FDP_USAGE', `export: a range needs ${wanted}`);
  return allAtOnce(() => lookup.find({ where, sort: [], limit: mostAtOnce + 1 }, signal), wanted);
}

async function* allAtOnce(ask: () => Promise<readonly Row[]>, wanted: string): AsyncGenerator<readonly Row[]> {
  const rows = await ask();
  if (rows.length > mostAtOnce) throw new FdpError('FDP_USAGE', `export: more than ${mostAtOnce} rows need ${wanted}`);
  yield rows;
}

async function* pages(lookup: Lookup, query: PagedQuery, signal: AbortSignal): AsyncGenerator<readonly Row[]> {
  const next = rowPages(lookup, query);
  for (let rows = await next(signal); rows.length > 0; rows = await next(signal)) yield rows;
}
