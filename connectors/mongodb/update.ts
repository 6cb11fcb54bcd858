import type { Document } from 'mongodb';
import type { TableDefinition } from '../shared/table/definition.ts';
import { statesText } from '../shared/table/states.ts';
import type { Changed, MarkTuple, Move, RowState } from '../shared/table/store.ts';
import type { StoredValue } from '../shared/table/values.ts';
import { storedMark, storedMarks } from './marks.ts';
import type { SeenRow } from './seen-rows.ts';
import type { Statement } from './update-many.ts';
import { toBson } from './values.ts';

/** A row's change, to be written. */
export interface RowUpdate extends Pick<Changed, 'moves' | 'isRevision'> {
  readonly key: StoredValue;
  readonly before: SeenRow;
  readonly after: RowState;
  /** The lanes whose marks it raises. */
  readonly lanes: readonly string[];
}

/**
 * A row that is not there yet, as a document.
 * @throws FDP_MESSAGE_REFUSED for a value that no document holds
 */
export function newDocument(definition: TableDefinition, key: StoredValue, row: RowState, now: number): Document {
  const { unique = '', expireMs } = definition;
  const document: Document = { [unique]: toBson(definition, unique, key) };
  if (expireMs !== undefined) document['_at'] = new Date(now);
  for (const field in row.values) {
    const value = row.values[field] ?? null;
    if (field !== unique && value !== null) document[field] = toBson(definition, field, value);
  }
  const states = statesText(row.states);
  if (states !== statesText({})) document['_states'] = states;
  document['_marks'] = storedMarks(row.marks);
  return document;
}

/**
 * A change as one statement that matches nothing if it no longer applies: if the lane's mark, or a field that it sets,
 * is not what the change was made from. Fields that are incremented may have changed. Undefined if nothing changes, as by
 * a message without an offset, which leaves no mark.
 * @throws FDP_MESSAGE_REFUSED for a value that no document holds
 */
export function updateOf(
  definition: TableDefinition,
  change: RowUpdate,
  before: RowState,
  now: number,
): Statement | undefined {
  const { key, after } = change;
  const moves = change.moves();
  const { document } = change.before;
  const { unique = '', expireMs } = definition;
  const q: Document = { [unique]: { $eq: toBson(definition, unique, key) } };
  const set: Document = {};
  const moved: Document = {};
  if (expireMs !== undefined) set['_at'] = new Date(now);
  for (const field in after.values) {
    const value = after.values[field] ?? null;
    const known = before.values[field] ?? null;
    if (field === unique || value === known) continue;
    const move = moves[field];
    if (move) addMove(moved, move, (to) => [field, toBson(definition, field, to)]);
    else {
      set[field] = toBson(definition, field, value);
      q[field] = { $eq: document ? (document[field] ?? null) : toBson(definition, field, known) };
    }
  }
  if (after.states !== before.states) {
    const [from, to] = [statesText(before.states), statesText(after.states)];
    if (from !== to) set['_states'] = to;
    if (from !== to) q['_states'] = { $eq: document ? (document['_states'] ?? null) : from };
  }
  if (change.isRevision) reviseMarks({ q, set }, change, before);
  else raiseMarks({ q, set }, change, before);
  const u = Object.keys(set).length > 0 ? { $set: set, ...moved } : moved;
  return Object.keys(u).length > 0 ? { q, u } : undefined; // An empty `u` would replace the document by an empty one.
}

function addMove(moved: Document, move: Move, typed: (to: StoredValue) => [field: string, value: unknown]): void {
  const [operator, to] =
    'add' in move ? ['$inc', move.add] : 'raise' in move ? ['$max', move.raise] : ['$min', move.lower];
  const [field, value] = typed(to as StoredValue);
  moved[operator as string] ??= {};
  moved[operator as string][field] = value;
}

/**
 * Raises only the lane's mark if the row has one already; otherwise sets all marks. It is found by where it stands among them:
 * `$elemMatch` and `$` cost the server a quarter more.
 */
function raiseMarks(
  { q, set }: { readonly q: Document; readonly set: Document },
  { before: { document }, after, lanes }: RowUpdate,
  { marks }: RowState,
): void {
  const [lane = '', second] = lanes;
  const [from, to] = [marks[lane], after.marks[lane]];
  if (from && to && second === undefined) {
    const at = Object.keys(marks).indexOf(lane);
    q[`_marks.${at}`] = { $eq: document?.['_marks'][at] ?? storedMark(lane, from) };
    set[`_marks.${at}`] = storedMark(lane, to);
  } else {
    q['_marks'] = { $eq: document ? (document['_marks'] ?? null) : storedMarks(marks) };
    if (lanes.length > 0) set['_marks'] = storedMarks(after.marks);
  }
}

/** All marks must be unchanged, and are set so that an update made from the earlier row matches nothing. */
function reviseMarks(
  { q, set }: { readonly q: Document; readonly set: Document },
  { before: { document }, after }: RowUpdate,
  { marks }: RowState,
): void {
  q['_marks'] = { $eq: document ? (document['_marks'] ?? null) : storedMarks(marks) };
  set['_marks'] = storedMarks(
    Object.fromEntries(Object.entries(after.marks).map(([lane, mark]) => [lane, past(mark)])),
  );
}

/** Between the mark's message and the next one: has the same effect, and equals no earlier mark. */
function past([offset, index, timestamp, key]: MarkTuple): MarkTuple {
  return [offset, index + (Math.floor(index) + 1 - index) / 2, timestamp, key];
}
