import type { Role } from './role.ts';
import type { Row } from './row.ts';

export interface Lookup extends Role {
  /** @throws FDP_UNAVAILABLE at once when the store is away; nothing is retried here */
  find(query: Query, signal: AbortSignal): Promise<readonly Row[]>;
}

/** A field's value from one bound on and below another, both as numbers, a date's as Unix ms. A row without a value is in none. */
export interface Range {
  readonly field: string;
  readonly from?: number;
  readonly to?: number;
}

export interface Query {
  /** Field to value: all must be equal. */
  readonly where: Readonly<Record<string, unknown>>;
  /** Fields of numbers or dates that must lie between two bounds, each of another field. */
  readonly ranges?: readonly Range[];
  readonly sort: readonly { readonly field: string; readonly descending: boolean }[];
  /** Rows at most. A store gives every row that matches up to it, or throws. */
  readonly limit: number;
  /** Whoever asks refuses as many rows as `limit`: a store may throw FDP_RESULT_TOO_LARGE before it reads them. */
  readonly belowLimit?: true;
  /**
   * Only rows after this one in the sort order. `value` is that of the first sort field (Unix ms for a date); with
   * `id`, the row's `_id`, rows of the same value count too, without it they are passed over.
   */
  readonly after?: { readonly value: number; readonly id?: string };
}

/**
 * Whether an index leads to a range of a field: every field before it in the index is given. Then rows are found, and
 * read in the order of that field, without looking at others.
 */
export function leadsTo(index: readonly string[], given: readonly string[], field: string): boolean {
  const position = index.indexOf(field);
  return position >= 0 && index.slice(0, position).every((each) => given.includes(each));
}
