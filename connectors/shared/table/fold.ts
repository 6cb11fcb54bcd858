import { FdpError } from '../../../src/errors.ts';
import type { Message } from '../../../src/kit/message.ts';
import type { MergeOperation } from '../../../src/kit/row.ts';
import type { TableDefinition } from './definition.ts';
import { RowDraft } from './draft.ts';
import { type Step, stepsOf } from './steps.ts';
import { type Changed, isAbove, type LaneOffset, type MarkTuple, type RowState } from './store.ts';
import { type StoredValue, storedValue, wrongType } from './values.ts';

/** One message's change to one row. */
export interface MessageChange {
  /** Its index in the write. */
  readonly index: number;
  readonly message: Message;
  /** The value of the row's unique field. */
  readonly key: StoredValue;
  readonly steps: readonly Step[];
  /** Of a message that stands for several: where the first of them stands in the lane. */
  readonly from?: LaneOffset | undefined;
}

/** What a message changes, read before: its value while it waits for a write. */
export class KnownChange {
  readonly key: StoredValue;
  readonly steps: readonly Step[];
  readonly from: LaneOffset | undefined;

  constructor(key: StoredValue, steps: readonly Step[], from?: LaneOffset) {
    this.key = key;
    this.steps = steps;
    this.from = from;
  }
}

export interface Folded extends Changed {
  /** Indexes of messages that the row had already counted. */
  readonly known: readonly number[];
  readonly failed: ReadonlyMap<number, Error>;
}

/** @throws FDP_MESSAGE_REFUSED if the value is not a merge operation for this table */
export function readChange(definition: TableDefinition, message: Message, index: number): MessageChange {
  const { name, unique = '' } = definition;
  if (message.value instanceof KnownChange) {
    const { key, steps, from } = message.value;
    return { index, message, key, steps, from };
  }
  const merge = (message.value as Partial<MergeOperation> | null)?.merge;
  if (!merge || !isOnly(unique, merge.by))
    throw new FdpError('FDP_MESSAGE_REFUSED', `${name}: expected an update of a row with ${unique}`);
  const value = merge.by[unique];
  const key = storedValue(definition.fields?.[unique] ?? 'string', value);
  if (key === undefined || key === null) throw wrongType(definition, unique, value);
  return { index, message, key, steps: stepsOf(definition, message, merge) };
}

function isOnly(field: string, fields: Readonly<Record<string, unknown>>): boolean {
  for (const name in fields) if (name !== field) return false;
  return Object.hasOwn(fields, field);
}

// Most folds leave nothing out: shared empty results, never changed.
const none: readonly number[] = [];
const noError: ReadonlyMap<number, Error> = new Map();

/**
 * Folds changes, in order, into one row. A change counts only if its message is above the row's mark of its lane,
 * in the order of (offset, index): however a lane is batched, replayed or retried, the row comes out the same. A
 * message without an offset is not from a log and always counts.
 */
export function fold(
  definition: TableDefinition,
  row: RowState | undefined,
  changes: readonly MessageChange[],
): Folded {
  let known: number[] | undefined;
  let failed: Map<number, Error> | undefined;
  const marks: Record<string, MarkTuple> = { ...row?.marks };
  const draft = new RowDraft(definition, row, changes[0]?.key ?? null);
  let changed = false;
  for (const { index, message, steps, from } of changes) {
    const mark = markTuple(message);
    const { lane } = message.meta;
    if (mark && !isAbove(mark, marks[lane])) {
      known ??= [];
      known.push(index);
      continue;
    }
    try {
      if (from && !isAbove(from, marks[lane])) throw partlyCounted(definition);
      draft.take(steps);
      if (mark) marks[lane] = mark;
      changed = true;
    } catch (error) {
      failed ??= new Map();
      failed.set(index, error as Error);
    }
  }
  const outcome = {
    leftOut: known !== undefined || failed !== undefined,
    known: known ?? none,
    failed: failed ?? noError,
  };
  return changed
    ? { row: draft.finish(marks), moves: () => draft.moves(), ...outcome }
    : { row: undefined, moves: () => ({}), ...outcome };
}

function partlyCounted({ name }: TableDefinition): FdpError {
  return new FdpError('FDP_MESSAGE_REFUSED', `${name}: some of the messages were counted before`);
}

/** The mark after a message; undefined if the message is not from a log. */
function markTuple({ meta, track }: Message): MarkTuple | undefined {
  if (meta.offset === undefined) return undefined;
  return [meta.offset, meta.index ?? 0, track.timestamp, track.key];
}
