import { type Document, Long } from 'mongodb';
import { RecencyMap } from '../../src/kit/recency-map.ts';
import type { TableDefinition } from '../shared/table/definition.ts';
import { type Change, markTuple } from '../shared/table/fold.ts';
import { isAbove, type MarkTuple } from '../shared/table/store.ts';
import type { StoredValue } from '../shared/table/values.ts';
import type { Collection } from './collection.ts';
import { fromBson, toBson } from './values.ts';

/** Rows whose marks are remembered, at most. */
const maxRows = 20_000;
/** Updates of one command, at most. */
const chunkUpdates = 500;

/** A mark as a document keeps it. */
export interface StoredMark {
  readonly l: string;
  readonly o: number;
  readonly i: number;
  readonly t: Date;
  readonly k: string | null;
}

/** The marks of a row, by lane. */
export type RowMarks = ReadonlyMap<string, MarkTuple>;
type Rows = ReadonlyMap<StoredValue, readonly Change[]>;

/** The changes of one row by one lane, added up. */
interface Step {
  readonly key: StoredValue;
  readonly changes: readonly Change[];
  readonly lane: string;
  readonly to: MarkTuple;
  readonly update: Document;
}

/**
 * What is known of the counters' marks, and the short way to move them on: as long as nobody else has written a lane's
 * mark since it was last seen here, all changes of a row are one small update, that asks for this very mark.
 */
export class CounterMarks {
  readonly #collection: Collection;
  readonly #seen = new RecencyMap<Map<string, MarkTuple> | undefined>();

  constructor(collection: Collection) {
    this.#collection = collection;
  }

  /** The marks of rows as they are stored now; a row that is not there has none. */
  async read(keys: readonly StoredValue[], signal: AbortSignal): Promise<ReadonlyMap<StoredValue, RowMarks>> {
    if (keys.length === 0) return new Map();
    const { definition } = this.#collection;
    const { unique = '' } = definition;
    const filter = { [unique]: { $in: keys.map((key) => toBson(definition, unique, key)) } };
    const found = await this.#collection.find(filter, { [unique]: 1, _marks: 1 }, signal);
    const marks = new Map(
      found.map((document) => [fromBson(definition, unique, document[unique]) as StoredValue, marksIn(document)]),
    );
    for (const [key, row] of marks) this.#remember(key, row);
    return marks;
  }

  /**
   * Counts what can be counted the short way; gives the rows that are left: new ones, those that others write too, and
   * those with messages that may have been counted before.
   */
  async advance(rows: Rows, signal: AbortSignal): Promise<Rows> {
    const { definition } = this.#collection;
    if (definition.expireMs !== undefined) return rows;
    const unseen = [...rows.keys()].filter((key) => this.#seen.get(nameOf(key)) === undefined);
    try {
      await this.read(unseen, signal);
      const steps: Step[] = [];
      const left = new Map<StoredValue, readonly Change[]>();
      for (const [key, changes] of rows) {
        const step = stepOf(definition, changes, this.#seen.get(nameOf(key)));
        if (step) steps.push(step);
        else left.set(key, changes);
      }
      for (let start = 0; start < steps.length; start += chunkUpdates)
        for (const step of await this.#take(steps.slice(start, start + chunkUpdates), signal))
          left.set(step.key, step.changes);
      for (const key of left.keys()) this.#forget(key);
      return left;
    } catch (error) {
      for (const key of rows.keys()) this.#forget(key);
      throw error;
    }
  }

  /** Gives the steps that found another mark than they asked for. */
  async #take(steps: readonly Step[], signal: AbortSignal): Promise<readonly Step[]> {
    const command = { update: this.#collection.place.collection, updates: steps.map(({ update }) => update) };
    const { found, errors } = await this.#collection.write(command, signal);
    if (errors.length === 0 && found === steps.length) {
      for (const { key, lane, to } of steps) this.#seen.get(nameOf(key))?.set(lane, to);
      return [];
    }
    const marks = await this.read(
      steps.map(({ key }) => key),
      signal,
    );
    // A mark where the step leads to was set by it, or by somebody who counted the same messages.
    return steps.filter(({ key, lane, to }) => !isAt(marks.get(key)?.get(lane), to));
  }

  #remember(key: StoredValue, marks: Map<string, MarkTuple>): void {
    this.#seen.use(nameOf(key), marks);
    if (this.#seen.size > maxRows) this.#seen.removeOldest();
  }

  #forget(key: StoredValue): void {
    if (this.#seen.get(nameOf(key)) !== undefined) this.#seen.use(nameOf(key), undefined);
  }
}

/** A mark as others know it. */
export function tupleOf({ o, i, t, k }: StoredMark): MarkTuple {
  return [o, i, t.getTime(), k];
}

/** A mark as a document keeps it. */
export function storedMark(lane: string, [offset, index, timestamp, key]: MarkTuple): Document {
  return { l: lane, o: Long.fromNumber(offset), i: index, t: new Date(timestamp), k: key };
}

function marksIn(document: Document): Map<string, MarkTuple> {
  const stored: readonly StoredMark[] = document['_marks'] ?? [];
  return new Map(stored.map((mark) => [mark.l, tupleOf(mark)]));
}

function nameOf(key: StoredValue): string {
  return `${typeof key} ${key}`;
}

function isAt(mark: MarkTuple | undefined, [offset, index]: MarkTuple): boolean {
  return mark !== undefined && mark[0] === offset && mark[1] === index;
}

/** Undefined when the changes can't be added up: not all of them are known to lie above the row's mark of one lane. */
function stepOf(
  definition: TableDefinition,
  changes: readonly Change[],
  marks: RowMarks | undefined,
): Step | undefined {
  const [first] = changes;
  if (first === undefined) return undefined;
  const { lane } = first.message.meta;
  const from = marks?.get(lane);
  let to = from;
  const sums: Record<string, number> = {};
  const highest: Record<string, number> = {};
  for (const { message, merge } of changes) {
    const mark = message.meta.lane === lane ? markTuple(message) : undefined;
    if (to === undefined || mark === undefined || !isAbove(mark, to)) return undefined;
    to = mark;
    for (const field of Object.keys(merge.count)) sums[field] = (sums[field] ?? 0) + (merge.count[field] ?? 0);
    for (const field of Object.keys(merge.latest))
      highest[field] = Math.max(highest[field] ?? Number.NEGATIVE_INFINITY, merge.latest[field] ?? 0);
  }
  if (from === undefined || to === undefined || !Object.entries(sums).every((sum) => isExact(definition, sum)))
    return undefined;
  return {
    key: first.key,
    changes,
    lane,
    to,
    update: updateOf(definition, first.key, { lane, from, to, sums, highest }),
  };
}

/** Can the sum be added to the field by an update? To a date it can't. */
function isExact({ fields }: TableDefinition, [field, sum]: [string, number]): boolean {
  const type = fields?.[field];
  return type !== 'date' && (type !== 'int64' || Number.isSafeInteger(sum));
}

function updateOf(
  definition: TableDefinition,
  key: StoredValue,
  step: {
    readonly lane: string;
    readonly from: MarkTuple;
    readonly to: MarkTuple;
    readonly sums: Readonly<Record<string, number>>;
    readonly highest: Readonly<Record<string, number>>;
  },
): Document {
  const { unique = '' } = definition;
  const typed = (fields: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, toBson(definition, field, value)]));
  const [o, i] = step.from;
  const update: Document = { $set: { '_marks.$': storedMark(step.lane, step.to) } };
  if (Object.keys(step.sums).length > 0) update['$inc'] = typed(step.sums);
  if (Object.keys(step.highest).length > 0) update['$max'] = typed(step.highest);
  const mark = { l: step.lane, o: Long.fromNumber(o), i };
  return { q: { [unique]: { $eq: toBson(definition, unique, key) }, _marks: { $elemMatch: mark } }, u: update };
}
