import { FdpError } from '../../../src/errors.ts';
import type { Message } from '../../../src/kit/message.ts';
import type { MergeOperation } from '../../../src/kit/row.ts';
import type { TableDefinition } from './definition.ts';
import { isAbove, type MarkTuple, type RowState } from './store.ts';
import { type StoredValue, storedValue, wrongType } from './values.ts';

type Merge = MergeOperation['merge'];

/** One message's change to one row. */
export interface Change {
  /** Its place in the write. */
  readonly place: number;
  readonly message: Message;
  readonly merge: Merge;
  /** The value of the row's unique field. */
  readonly key: StoredValue;
}

export interface Folded {
  /** The row as it is now; undefined when nothing changed. */
  readonly row: RowState | undefined;
  /** Places of the messages that the row had counted before. */
  readonly known: readonly number[];
  readonly failed: ReadonlyMap<number, Error>;
}

/** @throws FDP_MESSAGE_REFUSED when the value is no merge operation for this table */
export function readChange(definition: TableDefinition, message: Message, place: number): Change {
  const { name, unique } = definition;
  const merge = (message.value as Partial<MergeOperation> | null)?.merge;
  const by = merge ? Object.keys(merge.by) : [];
  const [field] = by;
  if (!merge || by.length !== 1 || field === undefined || field !== unique)
    throw new FdpError('FDP_MESSAGE_REFUSED', `${name}: expected an update of a row with ${unique}`);
  const value = merge.by[field];
  const key = storedValue(definition.fields?.[field] ?? 'string', value);
  if (key === undefined || key === null) throw wrongType(definition, field, value);
  return { place, message, merge, key };
}

/**
 * Folds changes, in order, into one row. A change counts only when its message lies above the row's mark of its lane,
 * in the order of (offset, index): however a lane is cut, replayed or retried, the counters come out the same. A
 * message without an offset has no place in a log and always counts.
 */
export function fold(definition: TableDefinition, row: RowState | undefined, changes: readonly Change[]): Folded {
  const known: number[] = [];
  const failed = new Map<number, Error>();
  const { unique = '' } = definition;
  const marks: Record<string, MarkTuple> = { ...row?.marks };
  const values: Record<string, StoredValue> = { ...(row?.values ?? { [unique]: changes[0]?.key ?? null }) };
  let changed = false;
  for (const { place, message, merge } of changes) {
    const mark = markTuple(message);
    const { lane } = message.meta;
    if (mark && !isAbove(mark, marks[lane])) {
      known.push(place);
      continue;
    }
    try {
      count(definition, values, merge);
      if (mark) marks[lane] = mark;
      changed = true;
    } catch (error) {
      failed.set(place, error as Error);
    }
  }
  return { row: changed ? { values, marks } : undefined, known, failed };
}

/** Where a message's record lies in its lane; undefined for a message of no log. */
export function markTuple({ meta, track }: Message): MarkTuple | undefined {
  if (meta.offset === undefined) return undefined;
  return [meta.offset, meta.index ?? 0, track.timestamp, track.key];
}

/** Changes all of the row, or nothing when a number does not fit. */
function count(definition: TableDefinition, row: Record<string, StoredValue>, { count: by, latest }: Merge): void {
  const sum = (field: string) =>
    numberFor(definition, field, numberFor(definition, field, by[field]) + Number(row[field] ?? 0));
  const highest = (field: string) =>
    Math.max(numberFor(definition, field, latest[field]), Number(row[field] ?? Number.NEGATIVE_INFINITY));
  for (const field of Object.keys(by)) sum(field);
  for (const field of Object.keys(latest)) highest(field);
  for (const field of Object.keys(by)) row[field] = sum(field);
  for (const field of Object.keys(latest)) row[field] = highest(field);
}

/**
 * The number by which, or to which, a change moves a field.
 * @throws FDP_MESSAGE_REFUSED when it is none, or the field holds no numbers
 */
export function numberFor(definition: TableDefinition, field: string, value: unknown): number {
  const { fields } = definition;
  const type = fields ? fields[field] : 'double';
  const numbers = type === 'int64' || type === 'double' || type === 'date';
  const stored = numbers ? storedValue(type, value) : undefined;
  if (typeof stored !== 'number') throw wrongType(definition, field, value);
  return stored;
}
