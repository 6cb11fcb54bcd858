import type { Query } from '../../../src/kit/lookup.ts';
import type { Coordinates } from '../../../src/kit/origin.ts';
import type { Row } from '../../../src/kit/row.ts';
import type { Mark } from '../../../src/kit/sink.ts';
import type { TableDefinition } from './definition.ts';
import type { StoredValue } from './values.ts';

/** The last message of a lane that a row counted: offset, index, and that log record's timestamp and key. */
export type MarkTuple = readonly [offset: number, index: number, timestamp: number, key: string | null];

/** A message's place in its lane. */
export type Place = readonly [offset: number, index: number];

export type Marks = Readonly<Record<string, MarkTuple>>;

/** The mark of a row that was made to forget what it had counted of a lane: below every message. */
export const forgotten: MarkTuple = [-1, 0, 0, null];

/** A row as a merge sees and leaves it. */
export interface RowState {
  readonly values: Readonly<Record<string, StoredValue>>;
  readonly marks: Marks;
}

export interface NewRow {
  readonly values: Readonly<Record<string, StoredValue>>;
  readonly coordinates: Coordinates;
}

/** Where one table's rows are kept: SQLite or memory. Every write is one atomic and durable step. */
export interface TableStore {
  readonly definition: TableDefinition;
  open(signal: AbortSignal): Promise<void>;
  /**
   * Stores the rows in order. Gives those that were known by their unique field, by their place, with the coordinates
   * of the one stored first.
   */
  insert(rows: readonly NewRow[], signal: AbortSignal): Promise<ReadonlyMap<number, Coordinates>>;
  /**
   * Changes rows, found by the value of their unique field and made when missing. `change` is called once for each,
   * within the step; undefined leaves the row as it is.
   */
  merge(
    keys: readonly StoredValue[],
    change: (key: StoredValue, row: RowState | undefined) => RowState | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  /** The highest mark of a lane over all rows; none that was forgotten. */
  mark(lane: string): Promise<Mark | undefined>;
  /** The marks of the row with that value of the unique field; undefined when there is none. */
  marks(key: StoredValue): Promise<Marks | undefined>;
  /** The offset of the row of a lane that was stored last. */
  newest(lane: string): Promise<number | undefined>;
  /** Puts `to` in place of the marks of a lane above it, in all rows; their values stay. */
  forget(lane: string, to: MarkTuple): Promise<void>;
  /** @throws FDP_UNAVAILABLE when the store is away, FDP_INTERNAL for a field that the table has not */
  find(query: Query): Promise<readonly Row[]>;
  /** Removes up to 500 rows last written longer than `expireMs` ago; gives how many. */
  expire(): Promise<number>;
  /**
   * Removes up to 500 of the oldest rows that `keepMs` and `maxBytes` leave no place for, and remembers of each lane up to
   * where: `insert` names what lies there as known, from its own place. Gives how many.
   */
  trim(): Promise<number>;
  /** The last place of a lane of which `trim` has removed a row. */
  removedTo(lane: string): Promise<Place | undefined>;
  /** Bytes that wait beside the file to be moved into it. */
  readonly walBytes?: number;
  /** Idempotent. */
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
