import type { Query } from '../../../src/kit/lookup.ts';
import type { Coordinates } from '../../../src/kit/origin.ts';
import type { Row } from '../../../src/kit/row.ts';
import type { Mark } from '../../../src/kit/sink.ts';
import type { TableDefinition } from './definition.ts';
import type { Order } from './steps.ts';
import type { StoredValue } from './values.ts';

/** The last message of a lane that a row counted: offset, index, and that log record's timestamp and key. */
export type MarkTuple = readonly [offset: number, index: number, timestamp: number, key: string | null];

/** A message's place in its lane. */
export type LaneOffset = readonly [offset: number, index: number];

export type Marks = Readonly<Record<string, MarkTuple>>;

/** The mark of a row that was made to forget what it had counted of a lane: below every message. */
export const forgotten: MarkTuple = [-1, 0, 0, null];

/** What a row keeps beside a field: what ordered its first or last value, or the exact sum of doubles. */
export type FieldState = Order | string;

/** A row as a merge sees and leaves it. */
export interface RowState {
  readonly values: Readonly<Record<string, StoredValue>>;
  readonly marks: Marks;
  readonly states: Readonly<Record<string, FieldState>>;
}

/** How a field was moved, for a store that can do it with the field as it is by then. */
export type Move = { readonly add: number } | { readonly raise: StoredValue } | { readonly lower: StoredValue };

/** A row to be stored, in the form in which the store keeps it. */
export interface NewRow<Kept = Readonly<Record<string, StoredValue>>> {
  readonly values: Kept;
  readonly coordinates: Coordinates;
}

/** What became of the rows of an insert that were not stored now, by their index in it. */
export interface Inserted {
  /** Known by their unique field: the coordinates of the one stored first. */
  readonly known: ReadonlyMap<number, Coordinates>;
  readonly failed: ReadonlyMap<number, Error>;
}

/** What a change makes of a row. */
export interface Changed {
  /** The row as it is to be; undefined leaves it as it is. */
  readonly row: RowState | undefined;
  /** Of the fields that changed, those that can be moved. */
  readonly moves: Readonly<Record<string, Move>>;
  /** Because of what the row holds something was left out: a store that remembers rows must have read it just now. */
  readonly leftOut: boolean;
  /** The change holds only for the row as it is: a store that remembers rows writes it so that no memory of it holds. */
  readonly isRevision?: true;
}

/** Called within the step that writes; pure, and called again when another writer came between. */
export type RowChange = (key: StoredValue, row: RowState | undefined) => Changed;

/**
 * Where one table's rows are kept: MongoDB, SQLite or memory. A row is changed in one atomic and durable step. What throws
 * may have been done in part, or in full: whoever calls tries all of it again, and what was done is then known.
 */
export interface TableStore<Kept = unknown> {
  readonly definition: TableDefinition;
  /** Inserts of a lane that may be under way at once. */
  readonly insertsAtOnce: number;
  open(signal: AbortSignal): Promise<void>;
  /** A message's value in the form in which the store keeps it. @throws FDP_MESSAGE_REFUSED when it is no row of the table */
  kept(value: unknown): Kept;
  /** Stores the rows. Throws only what concerns all of them. */
  insert(rows: readonly NewRow<Kept>[], signal: AbortSignal): Promise<Inserted>;
  /** Stores one row, in place of the one with the same unique value if there is one. */
  put(values: Kept, signal: AbortSignal): Promise<void>;
  /**
   * Changes rows, found by the value of their unique field and made when missing, each in a step of its own or all in one.
   * Gives those that the store refused, which are as they were.
   */
  merge(keys: readonly StoredValue[], change: RowChange, signal: AbortSignal): Promise<ReadonlyMap<StoredValue, Error>>;
  /** The highest mark of a lane over all rows; none that was forgotten. */
  mark(lane: string): Promise<Mark | undefined>;
  /** The marks of the rows with those values of the unique field; of a row that is not there, none. */
  marks(keys: readonly StoredValue[]): Promise<ReadonlyMap<StoredValue, Marks>>;
  /** Which of the values of the unique field no row has. */
  missing(keys: readonly StoredValue[]): Promise<ReadonlySet<StoredValue>>;
  /** The offset of the row of a lane that was stored last. */
  newest(lane: string): Promise<number | undefined>;
  /** Puts `to` in place of the marks of a lane above it, in all rows; their values stay. */
  forget(lane: string, to: MarkTuple): Promise<void>;
  /** Left out by a store whose server removes what has expired. */
  readonly retention?: Retention;
  /** Bytes that wait beside the file to be moved into it. */
  readonly walBytes?: number;
  /** Idempotent. */
  close(): Promise<void>;
}

/** How a store removes old rows, step by step. */
export interface Retention {
  /** Removes up to 500 rows last written longer than `expireMs` ago; gives how many. */
  expire(): Promise<number>;
  /**
   * Removes up to 500 of the oldest rows that `keepMs` and `maxBytes` leave no place for, and remembers of each lane up to
   * where: `insert` names what lies there as known, from its own place. Gives how many.
   */
  trim(): Promise<number>;
  /** The last place of a lane of which `trim` has removed a row. */
  removedTo(lane: string): Promise<LaneOffset | undefined>;
}

/** Where one table's rows are looked up. */
export interface TableReader {
  readonly definition: TableDefinition;
  open(signal: AbortSignal): Promise<void>;
  /** @throws FDP_UNAVAILABLE when the store is away, FDP_INTERNAL for a field that the table has not */
  find(query: Query): Promise<readonly Row[]>;
  close(): Promise<void>;
}

/** Rows that one step of `expire` or `trim` removes. */
export const expireStep = 500;

/** True when `mark` lies above `other` in the order of (offset, index). */
export function isAbove(
  mark: readonly [number, number, ...unknown[]],
  other: readonly [number, number, ...unknown[]] | undefined,
): boolean {
  return other === undefined || mark[0] > other[0] || (mark[0] === other[0] && mark[1] > other[1]);
}

/** A mark as a row keeps it; `forgotten` for none. */
export function toTuple(mark: Mark | undefined): MarkTuple {
  return mark ? [mark.offset, mark.index, mark.timestamp, mark.key] : forgotten;
}

/** Undefined when there is none, or it was forgotten. */
export function markOf(tuple: MarkTuple | undefined): Mark | undefined {
  if (tuple === undefined || tuple[0] < 0) return undefined;
  const [offset, index, timestamp, key] = tuple;
  return { offset, index, timestamp, key };
}
