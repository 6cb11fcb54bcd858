import type { Document } from 'mongodb';
import { FdpError } from '../../src/errors.ts';
import { type Changed, isAbove, type Marks, type RowChange, type RowState } from '../shared/table/store.ts';
import type { StoredValue } from '../shared/table/values.ts';
import type { Collection, WriteError, WriteReply } from './collection.ts';
import { duplicateKey } from './errors.ts';
import { type SeenRow, SeenRows } from './seen-rows.ts';
import { updateOf } from './update.ts';
import { alike, type Statement, together } from './update-many.ts';

/** Updates of one command, at most. */
const chunkUpdates = 500;
/** How often a change is repeated after conflicts; of several concurrent writers of a row, one always succeeds. */
const maxRounds = 100;

/** One row's part of a write. */
interface Step {
  readonly key: StoredValue;
  readonly before: SeenRow;
  readonly after: RowState;
  /** The lanes whose marks it raises. */
  readonly lanes: readonly string[];
  readonly update: Statement;
}

/**
 * Changes documents on the condition that the stored document is still the one that the change was made from: the
 * fields that it changes, and the marks. If another writer came first, the change is made again from the new document.
 * So each change is one atomic update that any number of consumers, also former ones, may try, without a transaction:
 * the same on a standalone server, a replica set and Atlas.
 */
export class DocumentMerge {
  readonly #collection: Collection;
  readonly #now: () => number;
  readonly #seen: SeenRows;

  constructor(collection: Collection, now: () => number) {
    this.#collection = collection;
    this.#now = now;
    this.#seen = new SeenRows(collection);
  }

  /** Returns the rows that the server refused. */
  async run(
    keys: readonly StoredValue[],
    change: RowChange,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<StoredValue, Error>> {
    const refused = new Map<StoredValue, Error>();
    try {
      const read = await this.#read(
        keys.filter((key) => !this.#seen.get(key)),
        refused,
        signal,
      );
      let open = await this.#steps(keys, change, { read, refused, signal });
      for (let round = 0; open.length > 0 && round < maxRounds; round++)
        open = await this.#round(open, change, { isFirst: round === 0, refused, signal });
      const { name } = this.#collection.definition;
      for (const { key } of open)
        refused.set(key, new FdpError('FDP_BUSY', `${name}: others change the same row again and again`));
      return refused;
    } catch (error) {
      this.#seen.forget(keys);
      throw error;
    } finally {
      this.#seen.forget(refused.keys());
    }
  }

  /** Writes the steps; returns new steps for rows that other writers have changed meanwhile. */
  async #round(
    steps: readonly Step[],
    change: RowChange,
    {
      isFirst,
      refused,
      signal,
    }: {
      readonly isFirst: boolean;
      readonly refused: Map<StoredValue, Error>;
      readonly signal: AbortSignal;
    },
  ): Promise<readonly Step[]> {
    const again: Step[] = [];
    for (const chunk of chunks(steps)) {
      // Joined, a refused row would spoil the others, and be hard to tell from them.
      const groups = isFirst ? alike(chunk, ({ update }) => update) : chunk.map((step) => [step]);
      again.push(...(await this.#write(groups, refused, signal)));
    }
    const keys = again.map(({ key }) => key);
    const read = await this.#read(keys, refused, signal);
    const left: StoredValue[] = [];
    for (const { key, after, lanes } of again) {
      const now = this.#seen.get(key)?.state?.marks;
      // If the marks are already those of the step, it was done, or another writer counted the same messages.
      if (read.has(key) && !isReached(now, after.marks, lanes)) left.push(key);
    }
    return this.#steps(left, change, { read, refused, signal });
  }

  /** Gives the keys that were read: without those that are refused, since no row can show them. */
  async #read(
    keys: readonly StoredValue[],
    refused: Map<StoredValue, Error>,
    signal: AbortSignal,
  ): Promise<ReadonlySet<StoredValue>> {
    const unreadable = await this.#seen.read(keys, signal);
    for (const [key, error] of unreadable) refused.set(key, error);
    return new Set(keys.filter((key) => !unreadable.has(key)));
  }

  /** The steps to write. `read` are the rows that were just read; steps of other rows must not leave anything out. */
  async #steps(
    keys: readonly StoredValue[],
    change: RowChange,
    {
      read,
      refused,
      signal,
    }: {
      readonly read: ReadonlySet<StoredValue>;
      readonly refused: Map<StoredValue, Error>;
      readonly signal: AbortSignal;
    },
  ): Promise<readonly Step[]> {
    const steps: Step[] = [];
    const doubtful: StoredValue[] = [];
    for (const key of keys) {
      if (refused.has(key)) continue;
      const before = this.#seen.get(key) ?? { state: undefined, document: undefined };
      const { row, moves, leftOut, isRevision } = change(key, before.state);
      if (leftOut && !read.has(key)) doubtful.push(key);
      else if (row) this.#add(steps, { key, before, after: row, moves, ...(isRevision && { isRevision }) }, refused);
    }
    if (doubtful.length > 0) {
      const certain = await this.#read(doubtful, refused, signal);
      steps.push(...(await this.#steps(doubtful, change, { read: certain, refused, signal })));
    }
    return steps;
  }

  #add(
    steps: Step[],
    change: Pick<Step, 'key' | 'before' | 'after'> & Pick<Changed, 'moves' | 'isRevision'>,
    refused: Map<StoredValue, Error>,
  ): void {
    const { key, before, after } = change;
    const lanes = raised(before.state?.marks, after.marks);
    try {
      const update = updateOf(this.#collection.definition, { ...change, lanes }, this.#now());
      if (update) steps.push({ key, before, after, lanes, update });
    } catch (error) {
      refused.set(key, error as Error);
    }
  }

  /** Writes each group as one statement. Returns the steps that are not known to be done. */
  async #write(
    groups: readonly (readonly Step[])[],
    refused: Map<StoredValue, Error>,
    signal: AbortSignal,
  ): Promise<readonly Step[]> {
    const steps = groups.flat();
    const updates = groups.map((group) => statementOf(group.map(({ update }) => update)));
    const reply = await this.#collection.write({ update: this.#collection.target.collection, updates }, signal);
    if (isAllDone(steps, reply)) {
      for (const { key, before, after } of steps) this.#seen.wrote(key, before, after);
      return [];
    }
    const again = new Set(steps);
    for (const error of reply.errors) {
      const [step, second] = groups[error.index] ?? [];
      if (!step || second || this.#isRace(error)) continue;
      again.delete(step);
      refused.set(step.key, this.#collection.refused(error));
    }
    return [...again];
  }

  /** Two writers created the same document at once: the second one's error. */
  #isRace({ code, keyPattern }: WriteError): boolean {
    return code === duplicateKey && Object.keys(keyPattern ?? {}).join() === this.#collection.definition.unique;
  }
}

/** The steps in commands that fit. A step that raises no mark leaves no trace to verify: it has its own command. */
function* chunks(steps: readonly Step[]): Generator<readonly Step[]> {
  const isTraced = ({ lanes }: Step) => lanes.length > 0;
  const traced = steps.every(isTraced) ? steps : steps.filter(isTraced);
  for (let start = 0; start < traced.length; start += chunkUpdates) yield traced.slice(start, start + chunkUpdates);
  if (traced.length < steps.length) for (const step of steps) if (step.lanes.length === 0) yield [step];
}

function statementOf(updates: readonly Statement[]): Statement | Document {
  const [only, second] = updates;
  return only && !second ? only : together(updates);
}

/** A step that raises a mark changes its document. */
function isAllDone(steps: readonly Step[], { errors, found, made, changed }: WriteReply): boolean {
  const toMake = steps.filter(({ before }) => !before.state).length;
  const toChange = steps.filter(({ before, lanes }) => before.state && lanes.length > 0).length;
  return errors.length === 0 && found === steps.length && made === toMake && changed >= toChange;
}

/** The lanes whose marks a change raises. */
function raised(before: Marks | undefined, after: Marks): readonly string[] {
  const lanes: string[] = [];
  for (const lane of Object.keys(after))
    if (after[lane] !== before?.[lane] && isAbove(after[lane] as Marks[string], before?.[lane])) lanes.push(lane);
  return lanes;
}

function isReached(now: Marks | undefined, after: Marks, lanes: readonly string[]): boolean {
  const isAt = (lane: string) => now?.[lane]?.[0] === after[lane]?.[0] && now?.[lane]?.[1] === after[lane]?.[1];
  return lanes.length > 0 && lanes.every(isAt);
}
