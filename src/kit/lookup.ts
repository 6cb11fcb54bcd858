import type { Role } from './role.ts';
import type { Row } from './row.ts';

export interface Lookup extends Role {
  /** @throws FDP_UNAVAILABLE at once when the store can't be reached; nothing is retried here */
  find(query: Query, signal: AbortSignal): Promise<readonly Row[]>;
}

/**
 * A range of a field's values: from one bound (inclusive) to another (exclusive), as numbers, dates
 * as Unix ms. Rows without a value are in no range.
 */
export interface Range {
  readonly field: string;
  readonly from?: number;
  readonly to?: number;
}

export interface SortField {
  readonly field: string;
  readonly descending: boolean;
}

/** A field as users write it in an index or a sort: `-time` is descending by time. */
export function sortField(text: string): SortField {
  return text.startsWith('-') ? { field: text.slice(1), descending: true } : { field: text, descending: false };
}

/** The fields of indexes, whatever their direction. */
export function indexedFields(indexes: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return indexes.map((index) => index.map((text) => sortField(text).field));
}

export interface Query {
  /** Field to value: all must be equal. */
  readonly where: Readonly<Record<string, unknown>>;
  /** Fields of numbers or dates that must lie between two bounds, each of another field. */
  readonly ranges?: readonly Range[];
  readonly sort: readonly SortField[];
  /** The most rows to return. A store returns every matching row up to it, or throws. */
  readonly limit: number;
  /** The fields that are needed: a row need not have others. Left out: all. */
  readonly fields?: readonly string[];
  /** Rows to pass over, in the sort order, before the first one; a store need not read them. */
  readonly skip?: number;
  /**
   * The caller fails on `limit` rows: a store may throw FDP_RESULT_TOO_LARGE before it reads them.
   */
  readonly belowLimit?: true;
  /**
   * Only rows after this one in the sort order. `value` is that of the first sort field (Unix ms
   * for a date); with `id`, the row's `_id`, rows of the same value are compared by it; without it
   * they are skipped.
   */
  readonly after?: { readonly value: number; readonly id?: string };
}

/**
 * Whether an index leads to a range of a field: every field before it in the index is given. Then
 * rows are found, and read in the order of that field, without reading others.
 */
export function leadsTo(index: readonly string[], given: readonly string[], field: string): boolean {
  const position = index.indexOf(field);
  return position >= 0 && index.slice(0, position).every((each) => given.includes(each));
}
