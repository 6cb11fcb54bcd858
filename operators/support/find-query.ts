import { FdpError } from '../../src/errors.ts';
import { type Lookup, type Query, type Range, sortField } from '../../src/kit/lookup.ts';
import type { Message } from '../../src/kit/message.ts';
import type { PageEdge } from '../../src/kit/request.ts';
import type { Row } from '../../src/kit/row.ts';
import { compileTemplate } from '../../src/kit/template.ts';
import { show } from './expression-functions.ts';
import { isCursor, parameterInvalid } from './parameters.ts';

/** The options of `find` that make its query. */
export interface FindOptions {
  readonly in: string;
  readonly where: Readonly<Record<string, string | number | boolean | RangeOptions>>;
  /** Field names, with `-` in front for descending order. */
  readonly sort: readonly string[];
  readonly limit?: number;
  readonly page?: { readonly limit: string; readonly before: string };
  readonly stream?: { readonly at_most: number };
}

/** A range of `where`: numbers, or templates that give one. */
export interface RangeOptions {
  readonly from?: string | number;
  readonly to?: string | number;
}

interface Found {
  readonly rows: readonly Row[];
  /** Where the next page begins, null on the last page; undefined without pages. */
  readonly edge?: PageEdge | null;
}

type Sort = Query['sort'];

/** The most rows for one message: an unbounded page or table would fill the memory. */
const mostRows = 100_000;

/** The fields to sort by, of `[-time, -_id]`. */
export function parseSort(sort: readonly string[]): Sort {
  return sort.map(sortField);
}

/**
 * Returns the function that queries the store for a message's rows.
 * It throws FDP_PARAMETER_INVALID for an impossible page, FDP_RESULT_TOO_LARGE for too many rows, and what the store
 * throws (FDP_UNAVAILABLE).
 */
export function compileFind(
  options: FindOptions,
  table: Pick<Lookup, 'find'>,
): (message: Message, signal: AbortSignal) => Promise<Found> {
  const queryOf = compileQuery(options);
  const pageOf = options.page && compilePage(options.page, parseSort(options.sort));
  return async (message, signal) => {
    const query = queryOf(message);
    if (pageOf) return pageOf(message, (page) => table.find({ ...query, ...page }, signal));
    const { limit } = options;
    const most = limit === undefined ? ({ limit: mostRows + 1, belowLimit: true } as const) : { limit };
    const rows = await table.find({ ...query, ...most }, signal);
    if (rows.length <= mostRows) return { rows };
    throw new FdpError('FDP_RESULT_TOO_LARGE', `more than ${mostRows} rows of ${options.in}: set a limit or use pages`);
  };
}

/** Returns the function that gives the query of a message, without its limit. */
export function compileQuery(options: FindOptions): (message: Message) => Pick<Query, 'where' | 'ranges' | 'sort'> {
  const where = compileWhere(options.where);
  const ranges = compileRanges(options.where);
  const sort = parseSort(options.sort);
  return (message) => ({ where: where(message), ...(ranges && { ranges: ranges(message) }), sort });
}

function compileWhere(where: FindOptions['where']): (message: Message) => Query['where'] {
  const fields = Object.entries(where).flatMap(([name, value]) => {
    if (typeof value === 'object') return [];
    return { name, read: typeof value === 'string' ? compileTemplate(value) : () => value };
  });
  return (message) => {
    const wanted: Record<string, unknown> = {};
    for (const { name, read } of fields) {
      const value = read(message);
      if (value === undefined) continue;
      if (!['string', 'number', 'boolean'].includes(typeof value))
        throw new FdpError('FDP_MESSAGE_INVALID', `${name}: expected text, a number or a boolean, got ${show(value)}`);
      wanted[name] = value;
    }
    return wanted;
  };
}

/** @throws FDP_PARAMETER_INVALID for a range that ends before it begins */
function compileRanges(where: FindOptions['where']): ((message: Message) => readonly Range[]) | undefined {
  const fields = Object.entries(where).flatMap(([field, range]) => {
    return typeof range === 'object' ? [{ field, from: compileBound(range.from), to: compileBound(range.to) }] : [];
  });
  if (fields.length === 0) return undefined;
  return (message) =>
    fields.flatMap(({ field, from, to }): readonly Range[] => {
      const [low, high] = [from(message, field), to(message, field)];
      if (low !== undefined && high !== undefined && low > high)
        throw parameterInvalid(`${field}: the range ends at ${high}, before it begins at ${low}`);
      const range = { field, ...(low !== undefined && { from: low }), ...(high !== undefined && { to: high }) };
      return low === undefined && high === undefined ? [] : [range];
    });
}

function compileBound(bound: string | number | undefined): (message: Message, field: string) => number | undefined {
  const read = typeof bound === 'string' ? compileTemplate(bound) : () => bound;
  return (message, field) => {
    const value = read(message);
    if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
    throw new FdpError(
      'FDP_MESSAGE_INVALID',
      `${field}: expected a number as the bound of a range, got ${show(value)}`,
    );
  };
}

type Ask = (page: Pick<Query, 'limit' | 'after'>) => Promise<readonly Row[]>;

/** Requests one row more than the page shows, to know whether there is a next page even if this one is exactly full. */
function compilePage(
  page: NonNullable<FindOptions['page']>,
  sort: Sort,
): (message: Message, ask: Ask) => Promise<Found> {
  const limitOf = compileTemplate(page.limit);
  const beforeOf = compileTemplate(page.before);
  const [first] = sort;
  return async (message, ask) => {
    const limit = pageLimit(limitOf(message));
    const before = beforeOf(message);
    if (before !== undefined && !isCursor(before))
      throw parameterInvalid(`before: expected a cursor, got ${show(before)}`);
    const found = await ask({ limit: limit + 1, ...(before && { after: before }) });
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    return { rows, edge: found.length > limit && last && first ? edgeAt(last, first.field, limit) : null };
  };
}

function pageLimit(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= mostRows) return value;
  throw parameterInvalid(`limit: expected an integer from 1 to ${mostRows}, got ${show(value)}`);
}

function edgeAt(row: Row, field: string, limit: number): PageEdge {
  const { [field]: value, _id: id } = row;
  if (typeof value === 'number' && typeof id === 'string') return { value, id, limit };
  throw new FdpError('FDP_INTERNAL', `a page cannot end at a row whose ${field} is ${show(value)} and _id ${show(id)}`);
}
