import { type Document, Long } from 'mongodb';
import type { TableDefinition } from '../shared/table/definition.ts';
import { type Change, markTuple, numberFor } from '../shared/table/fold.ts';
import { isAbove, type MarkTuple } from '../shared/table/store.ts';
import { toBson } from './values.ts';

/** The changes of one document by the messages of one lane, in order, as one stage of an update. */
interface LaneChanges {
  /** Undefined for messages of no log: they have no place in a lane and always count. */
  readonly lane: string | undefined;
  readonly steps: Document[];
  highest: MarkTuple | undefined;
}

/** One document's part of a write, folded. */
export interface Merge {
  readonly changes: readonly Change[];
  readonly update: Document;
  /** Places of messages that lie at or below one before them in the same write. */
  readonly known: readonly number[];
}

/** @throws FDP_MESSAGE_REFUSED when the message changes no field that the table has, or not by a number */
export function checkChange(definition: TableDefinition, { merge }: Change): void {
  for (const field of Object.keys(merge.count)) numberFor(definition, field, merge.count[field]);
  for (const field of Object.keys(merge.latest)) numberFor(definition, field, merge.latest[field]);
}

/**
 * Folds changes, in order, into one atomic update of one document, made when it is missing. The server compares each
 * message with the document's mark of its lane, in the order of (offset, index), counts those above it, and raises the
 * mark, in one step: however a lane is cut, replayed or retried, and whoever else still writes, the counters come out
 * the same. The same on a standalone server, a replica set and Atlas.
 */
export function mergeOf(definition: TableDefinition, changes: readonly Change[], now: number): Merge {
  const lanes = new Map<string | undefined, LaneChanges>();
  const known: number[] = [];
  for (const change of changes) {
    const mark = markTuple(change.message);
    const lane = mark ? change.message.meta.lane : undefined;
    const found = lanes.get(lane) ?? { lane, steps: [], highest: undefined };
    lanes.set(lane, found);
    if (mark && !isAbove(mark, found.highest)) known.push(change.place);
    else {
      found.steps.push(step(definition, change, mark));
      found.highest = mark;
    }
  }
  const { unique = '' } = definition;
  const update = {
    q: { [unique]: { $eq: toBson(definition, unique, changes[0]?.key ?? null) } },
    u: [...[...lanes.values()].flatMap((lane) => stages(definition, lane, { changes, now })), { $unset: '_f' }],
    upsert: true,
  };
  return { changes, update, known };
}

/** One message's numbers: `c` to add and `m` to raise to, in the order of the names in `fieldsOf`. */
function step(definition: TableDefinition, { merge }: Change, mark: MarkTuple | undefined): Document {
  const place = mark ? { o: Long.fromNumber(mark[0]), i: mark[1] } : {};
  const typed = (fields: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, toBson(definition, field, value)]));
  const counted = Object.entries(merge.count).map(([field, by]) => [field, amount(definition, field, by)]);
  return { ...place, c: Object.fromEntries(counted), m: typed(merge.latest) };
}

/** A number to add: to a date, milliseconds. */
function amount(definition: TableDefinition, field: string, by: number): unknown {
  return definition.fields?.[field] === 'date' ? Long.fromNumber(by) : toBson(definition, field, by);
}

function stages(
  definition: TableDefinition,
  { lane, steps, highest }: LaneChanges,
  { changes, now }: { readonly changes: readonly Change[]; readonly now: number },
): Document[] {
  const isFresh = { $gt: [{ $size: '$_f' }, 0] };
  const set: Record<string, unknown> = {};
  for (const field of fieldsOf(changes, 'count')) {
    const zero = toBson(definition, field, 0);
    set[field] = { $add: [{ $ifNull: [`$${field}`, zero] }, { $sum: `$_f.c.${field}` }] };
  }
  for (const field of fieldsOf(changes, 'latest')) set[field] = { $max: [`$${field}`, { $max: `$_f.m.${field}` }] };
  if (definition.expireMs !== undefined) set['_at'] = { $cond: [isFresh, new Date(now), '$_at'] };
  if (lane === undefined || !highest) return [{ $set: { _f: { $literal: steps } } }, { $set: set }];
  const [offset, index, timestamp, key] = highest;
  const mark = { l: lane, o: Long.fromNumber(offset), i: index, t: new Date(timestamp), k: key };
  const marks = { $ifNull: ['$_marks', []] };
  const others = { $filter: { input: marks, cond: { $ne: ['$$this.l', { $literal: lane }] } } };
  set['_marks'] = { $cond: [isFresh, { $concatArrays: [others, [{ $literal: mark }]] }, '$_marks'] };
  return [{ $set: { _f: above(lane, steps) } }, { $set: set }];
}

/** Those of the steps that lie above the document's mark of the lane. A missing mark is below every number. */
function above(lane: string, steps: readonly Document[]): Document {
  const ofLane = {
    $filter: { input: { $ifNull: ['$_marks', []] }, cond: { $eq: ['$$this.l', { $literal: lane }] } },
  };
  const higher = {
    $or: [
      { $gt: ['$$step.o', '$$mark.o'] },
      { $and: [{ $eq: ['$$step.o', '$$mark.o'] }, { $gt: ['$$step.i', '$$mark.i'] }] },
    ],
  };
  return {
    $let: {
      vars: { mark: { $arrayElemAt: [ofLane, 0] } },
      in: { $filter: { input: { $literal: steps }, as: 'step', cond: higher } },
    },
  };
}

function fieldsOf(changes: readonly Change[], kind: 'count' | 'latest'): ReadonlySet<string> {
  return new Set(changes.flatMap(({ merge }) => Object.keys(merge[kind])));
}
