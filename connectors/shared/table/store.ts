import type { Query } from '../../../src/kit/lookup.ts';
import type { Coordinates } from '../../../src/kit/origin.ts';
import type { Row } from '../../../src/kit/row.ts';
import type { Mark } from '../../../src/kit/sink.ts';
import type { TableDefinition } from './definition.ts';
import type { Order } from './steps.ts';
import type { StoredValue } from './values.ts';

/** The last message of a lane that a row counted: offset, index, and that log record's timestamp and key. */
export type MarkTuple = readonly [offset: number, index: number, timestamp: number, key: string | null];

/** A message's offset and index in its lane. */
export type LaneOffset = readonly [offset: number, index: number];

export type Marks = Readonly<Record<string, MarkTuple>>;

/** The mark after a reset: below every message. */
export const forgotten: MarkTuple = [-1, 0, 0, null];

/** What a row keeps beside a field: what ordered its first or last value, or the exact sum of doubles. */
export type FieldState = Order | string;

/** A row as a merge sees and leaves it. */
export interface RowState {
  readonly values: Readonly<Record<string, StoredValue>>;
  readonly marks: Marks;
  readonly states: Readonly<Record<string, FieldState>>;
}

/** The increment of a field, for a store that can apply it to a changed field. */
export type Move = { readonly add: number } | { readonly raise: StoredValue } | { readonly lower: StoredValue };

/** A row to be stored, in the form in which the store keeps it. */
export interface NewRow<Kept = Readonly<Record<string, StoredValue>>> {
  readonly values: Kept;
  readonly coordinates: Coordinates;
}

/** The rows of an insert that were not stored now, by their index in it. */
export interface Inserted {
  /** Known by their unique field: the coordinates of the one stored first. */
  readonly known: ReadonlyMap<number, Coordinates>;
  readonly failed: ReadonlyMap<number, Error>;
}

/** The result of a change of a row. */
export interface Changed {
  /** The new row; undefined leaves it unchanged. */
  readonly row: RowState | undefined;
  /** The changed fields that can be incremented instead; for a store that needs them. */
  readonly moves: () => Readonly<Record<string, Move>>;
  /** Something was left out because of the row's content: a store that remembers rows must have read it just now. */
  readonly leftOut: boolean;
  /** The change is valid only for the current row: a store that remembers rows must invalidate what it remembers. */
  readonly isRevision?: true;
}

/** Called within the step that writes; pure, and called again when another writer came between. */
export type RowChange = (key: StoredValue, row: RowState | undefined) => Changed;

/**
 * Where one table's rows are kept: MongoDB, SQLite or memory. A row is changed in one atomic and durable step. A call
 * that throws may have been done in part, or in full: the caller repeats all of it, and finished parts are then known.
 */
export interface TableStore<Kept = unknown> {
  readonly definition: TableDefinition;
  /** Inserts of a lane that may be under way at once. */
  readonly insertsAtOnce: number;
  open(signal: AbortSignal): Promise<void>;
  /** A message's value in the store's form. @throws FDP_MESSAGE_REFUSED if it is not a row of the table */
  kept(value: unknown): Kept;
  /** Stores the rows. Throws only errors that concern all of them. */
  insert(rows: readonly NewRow<Kept>[], signal: AbortSignal): Promise<Inserted>;
  /** Stores one row, in place of the one with the same unique value if there is one. */
  put(values: Kept, signal: AbortSignal): Promise<void>;
  /**
   * Changes rows, found by the value of their unique field and created if missing, each in a step of its own or all in
   * one. Returns those that the store refused, which are unchanged.
   */
  merge(keys: readonly StoredValue[], change: RowChange, signal: AbortSignal): Promise<ReadonlyMap<StoredValue, Error>>;
  /** The highest mark of a lane over all rows; reset marks don't count. */
  mark(lane: string): Promise<Mark | undefined>;
  /** The marks of the rows with those values of the unique field; none for missing rows. */
  marks(keys: readonly StoredValue[]): Promise<ReadonlyMap<StoredValue, Marks>>;
  /** The values of the unique field that no row has. */
  missing(keys: readonly StoredValue[]): Promise<ReadonlySet<StoredValue>>;
  /** The offset of a lane's last stored row. */
  newest(lane: string): Promise<number | undefined>;
  /** Lowers a lane's marks above `to` to it, in all rows; their values stay. */
  forget(lane: string, to: MarkTuple): Promise<void>;
  /** Left out by a store whose server removes expired rows. */
  readonly retention?: Retention;
  /** Bytes of the write-ahead log. */
  readonly walBytes?: number;
  /** Idempotent. */
  close(): Promise<void>;
}

/** How a store removes old rows, step by step. */
export interface Retention {
  /** Removes up to 500 rows last written longer than `expireMs` ago; returns how many. */
  expire(): Promise<number>;
  /**
   * Removes up to 500 of the oldest rows beyond `keepMs` and `maxBytes`, and remembers of each lane up to
   * where: `insert` reports messages below it as known, from their own record. Returns how many.
   */
  trim(): Promise<number>;
  /** Up to which offset and index of a lane `trim` has removed rows. */
  removedTo(lane: string): Promise<LaneOffset | undefined>;
}

/** Queries of one table's rows. */
export interface TableReader {
  readonly definition: TableDefinition;
  open(signal: AbortSignal): Promise<void>;
  /** @throws FDP_UNAVAILABLE if the store is unavailable, FDP_INTERNAL for a field that the table does not have */
  find(query: Query): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** Rows that one step of `expire` or `trim` removes. */
export const expireStep = 500;

/** True if `mark` is above `other` in the order of (offset, index). */
export function isAbove(
  mark: readonly [number, number, ...unknown[]],
  other: readonly [number, number, ...unknown[]] | undefined,
): boolean {
  return other === undefined || mark[0] > other[0] || (mark[0] === other[0] && mark[1] > other[1]);
}

/** A mark as a row keeps it; `forgotten` if there is none. */
export function toTuple(mark: Mark | undefined): MarkTuple {
  return mark ? [mark.offset, mark.index, mark.timestamp, mark.key] : forgotten;
}

/** Undefined if there is none, or it was reset. */
export function markOf(tuple: MarkTuple | undefined): Mark | undefined {
  if (tuple === undefined || tuple[0] < 0) return undefined;
  const [offset, index, timestamp, key] = tuple;
  return { offset, index, timestamp, key };
}
