import { FdpError } from '../../src/errors.ts';
import type { Message } from '../../src/kit/message.ts';
import { type Coordinates, coordinatesOf, type Proof } from '../../src/kit/origin.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Mark, Receipt, Sink, SinkCounters, SinkRows } from '../../src/kit/sink.ts';
import { type Change, markTuple, readChange } from '../shared/table/fold.ts';
import { counterProof, isMissing, receipt } from '../shared/table/proof.ts';
import { isAbove, markOf, toTuple } from '../shared/table/store.ts';
import type { StoredValue } from '../shared/table/values.ts';
import type { Collection, WriteError } from './collection.ts';
import { CounterMarks, type RowMarks, type StoredMark, storedMark, tupleOf } from './counter-marks.ts';
import { duplicateKey } from './errors.ts';
import { checkChange, type Merge, mergeOf } from './merge.ts';

/** Updates of one command, at most. */
const chunkUpdates = 500;
/** Two that make the same document at once: one of them tries again. */
const races = 5;

/**
 * Changes counters: the operations of one document are folded into one atomic update, which also raises the document's
 * mark of their lane. A message at or below the mark was counted before: it changes nothing and is named as known.
 */
export class MongoCounterSink implements Sink {
  readonly ordered = true;
  readonly counters: SinkCounters = {
    mark: (lane) => this.#mark(lane),
    forget: (lane, to) => this.#forget(lane, to),
  };
  readonly rows: SinkRows = { behind: (lane, proofs) => this.#behind(lane, proofs) };
  readonly #collection: Collection;
  readonly #context: RoleContext;
  readonly #marks: CounterMarks;

  constructor(collection: Collection, context: RoleContext) {
    this.#collection = collection;
    this.#context = context;
    this.#marks = new CounterMarks(collection);
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#collection.connect(signal);
    await this.#collection.prepare(signal);
  }

  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const failed = new Map<number, Error>();
    const rows = this.#changes(messages, failed);
    await this.#context.failPoint('table-before-merge');
    const known = new Map<number, Coordinates>();
    const left = await this.#marks.advance(rows, signal);
    const marks = await this.#marks.read([...left.keys()], signal);
    const all = [...left.values()];
    for (let start = 0; start < all.length; start += chunkUpdates) {
      const merges = all.slice(start, start + chunkUpdates).map((changes) => this.#merge(changes));
      for (const { place, message } of merges.flatMap((merge) => knownIn(merge, marks)))
        known.set(place, coordinatesOf(message));
      await this.#apply(merges, failed, signal);
    }
    for (const place of failed.keys()) known.delete(place);
    await this.#context.failPoint('table-after-merge');
    return receipt({ known, failed }, counterProof(this.#collection.definition, rows, failed));
  }

  async #behind(lane: string, proofs: readonly Proof[]): Promise<number | undefined> {
    const { signal } = new AbortController();
    const keys = [...new Set(proofs.map(({ key }) => key))];
    const marks = await this.#marks.read(keys, signal);
    const isLost = ({ key, offset, index }: Proof) => isMissing(marks.get(key)?.get(lane), [offset, index]);
    return proofs.some(isLost) ? ((await this.#mark(lane))?.offset ?? -1) + 1 : undefined;
  }

  async #mark(lane: string): Promise<Mark | undefined> {
    const { place } = this.#collection;
    const ofLane = { $filter: { input: '$_marks', cond: { $eq: ['$$this.l', { $literal: lane }] } } };
    const pipeline = [
      { $match: { '_marks.l': { $eq: lane } } },
      { $replaceWith: { $arrayElemAt: [ofLane, 0] } },
      { $sort: { o: -1, i: -1 } },
      { $limit: 1 },
    ];
    const command = { aggregate: place.collection, pipeline, cursor: {} };
    const reply = await this.#collection.command(command, new AbortController().signal);
    const [found] = reply['cursor'].firstBatch as readonly StoredMark[];
    return markOf(found && tupleOf(found));
  }

  async #forget(lane: string, to: Mark | undefined): Promise<void> {
    const mark = storedMark(lane, toTuple(to));
    const above = { $or: [{ 'm.o': { $gt: mark['o'] } }, { 'm.o': mark['o'], 'm.i': { $gt: mark['i'] } }] };
    const update = {
      q: { '_marks.l': { $eq: lane } },
      u: { $set: { '_marks.$[m]': mark } },
      arrayFilters: [{ $and: [{ 'm.l': lane }, above] }],
      multi: true,
    };
    const command = { update: this.#collection.place.collection, updates: [update] };
    const {
      errors: [error],
    } = await this.#collection.write(command, new AbortController().signal);
    if (error) throw this.#collection.refused(error);
  }

  close(): Promise<void> {
    return this.#collection.close();
  }

  #changes(messages: readonly Message[], failed: Map<number, Error>): ReadonlyMap<StoredValue, Change[]> {
    const rows = new Map<StoredValue, Change[]>();
    for (let place = 0; place < messages.length; place++) {
      try {
        const change = readChange(this.#collection.definition, messages[place] as Message, place);
        checkChange(this.#collection.definition, change);
        const changes = rows.get(change.key);
        if (changes) changes.push(change);
        else rows.set(change.key, [change]);
      } catch (error) {
        failed.set(place, error as Error);
      }
    }
    return rows;
  }

  #merge(changes: readonly Change[]): Merge {
    return mergeOf(this.#collection.definition, changes, this.#context.clock.now());
  }

  async #apply(merges: readonly Merge[], failed: Map<number, Error>, signal: AbortSignal): Promise<void> {
    let open = merges;
    for (let round = 0; open.length > 0; round++) {
      const updates = open.map(({ update }) => update);
      const command = { update: this.#collection.place.collection, updates };
      const again: Merge[] = [];
      const { errors } = await this.#collection.write(command, signal);
      for (const error of errors) {
        const merge = open[error.index];
        if (!merge) continue;
        if (this.#isRace(error) && round < races) again.push(merge);
        else await this.#refused(merge, error, { failed, signal });
      }
      open = again;
    }
  }

  /** A document that the server refuses with many changes in it may take most of them: one after the other. */
  async #refused(
    { changes }: Merge,
    error: WriteError,
    { failed, signal }: { readonly failed: Map<number, Error>; readonly signal: AbortSignal },
  ): Promise<void> {
    const [only] = changes;
    const { name } = this.#collection.definition;
    if (this.#isRace(error))
      for (const { place } of changes)
        failed.set(place, new FdpError('FDP_BUSY', `${name}: others make the same row again and again`));
    else if (changes.length === 1 && only) failed.set(only.place, this.#collection.refused(error));
    else for (const change of changes) await this.#apply([this.#merge([change])], failed, signal);
  }

  #isRace({ code, keyPattern }: WriteError): boolean {
    return code === duplicateKey && Object.keys(keyPattern ?? {}).join() === this.#collection.definition.unique;
  }
}

/** What lies at or below the marks before the write was counted, and never will be again. */
function knownIn({ changes, known }: Merge, marks: ReadonlyMap<StoredValue, RowMarks>): readonly Change[] {
  const before = marks.get(changes[0]?.key ?? null);
  const twice = new Set(known);
  return changes.filter(({ place, message }) => {
    const mark = markTuple(message);
    return twice.has(place) || (mark !== undefined && !isAbove(mark, before?.get(message.meta.lane)));
  });
}
