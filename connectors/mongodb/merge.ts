import type { Document } from 'mongodb';
import { FdpError } from '../../src/errors.ts';
import { type Changed, isAbove, type Marks, type RowChange, type RowState } from '../shared/table/store.ts';
import type { StoredValue } from '../shared/table/values.ts';
import type { Collection, WriteError, WriteReply } from './collection.ts';
import { duplicateKey } from './errors.ts';
import { type SeenRow, SeenRows } from './seen-rows.ts';
import { newDocument, updateOf } from './update.ts';
import { alike, type Statement, together } from './update-many.ts';

/** Rows of one command, at most. */
const chunkRows = 500;
/** How often a change is repeated after conflicts; of several concurrent writers of a row, one always succeeds. */
const maxRounds = 100;

/** One row's part of a write. */
interface Step {
  readonly key: StoredValue;
  readonly before: SeenRow;
  readonly after: RowState;
  /** The lanes whose marks it raises. */
  readonly lanes: readonly string[];
  /** The document of a row that is not there yet; the statement that changes one that is. */
  readonly written: Document | Statement;
}

/** What the parts of one run share. */
interface Run {
  readonly change: RowChange;
  /** The rows that the server refused. */
  readonly refused: Map<StoredValue, Error>;
  readonly signal: AbortSignal;
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
    const run = { change, refused, signal };
    try {
      const unseen = keys.filter((key) => !this.#seen.get(key));
      let open = await this.#steps(keys, await this.#read(unseen, run), run);
      for (let round = 0; open.length > 0 && round < maxRounds; round++)
        // Later, a refused row must not spoil others, and must be told from them.
        open = await this.#round(open, round === 0 ? alike : singly, run);
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
  async #round(steps: readonly Step[], grouped: typeof alike, run: Run): Promise<readonly Step[]> {
    const again: Step[] = [];
    for (const chunk of chunks(steps)) {
      const made = chunk.filter(({ before }) => before.state === undefined);
      const changed = chunk.filter(({ before }) => before.state !== undefined);
      if (made.length > 0) again.push(...(await this.#insert(made, run)));
      if (changed.length > 0) again.push(...(await this.#update(changed, grouped, run)));
    }
    const keys = again.map(({ key }) => key);
    const read = await this.#read(keys, run);
    const left: StoredValue[] = [];
    for (const { key, after, lanes } of again) {
      const now = this.#seen.get(key)?.state?.marks;
      // If the marks are already those of the step, it was done, or another writer counted the same messages.
      if (read.has(key) && !isReached(now, after.marks, lanes)) left.push(key);
    }
    return this.#steps(left, read, run);
  }

  /** Gives the keys that were read: without those that are refused, since no row can show them. */
  async #read(keys: readonly StoredValue[], { refused, signal }: Run): Promise<ReadonlySet<StoredValue>> {
    const unreadable = await this.#seen.read(keys, signal);
    for (const [key, error] of unreadable) refused.set(key, error);
    return new Set(keys.filter((key) => !unreadable.has(key)));
  }

  /** The steps to write. `read` are the rows that were just read; steps of other rows must not leave anything out. */
  async #steps(keys: readonly StoredValue[], read: ReadonlySet<StoredValue>, run: Run): Promise<readonly Step[]> {
    const steps: Step[] = [];
    const doubtful: StoredValue[] = [];
    for (const key of keys) {
      if (run.refused.has(key)) continue;
      const before = this.#seen.get(key) ?? { state: undefined, document: undefined };
      const { row, moves, leftOut, isRevision } = run.change(key, before.state);
      if (leftOut && !read.has(key)) doubtful.push(key);
      else if (row) this.#add(steps, { key, before, after: row, moves, ...(isRevision && { isRevision }) }, run);
    }
    if (doubtful.length > 0) steps.push(...(await this.#steps(doubtful, await this.#read(doubtful, run), run)));
    return steps;
  }

  #add(
    steps: Step[],
    change: Pick<Step, 'key' | 'before' | 'after'> & Pick<Changed, 'moves' | 'isRevision'>,
    { refused }: Run,
  ): void {
    const { key, before, after } = change;
    const { definition } = this.#collection;
    const lanes = raised(before.state?.marks, after.marks);
    try {
      const written = before.state
        ? updateOf(definition, { ...change, lanes }, before.state, this.#now())
        : newDocument(definition, key, after, this.#now());
      if (written) steps.push({ key, before, after, lanes, written });
    } catch (error) {
      refused.set(key, error as Error);
    }
  }

  /** Makes rows. Returns the steps of those that another writer has made meanwhile. */
  async #insert(steps: readonly Step[], { refused, signal }: Run): Promise<readonly Step[]> {
    const documents = steps.map(({ written }) => written);
    const reply = await this.#collection.write({ insert: this.#collection.target.collection, documents }, signal);
    const failed = new Map(reply.errors.map((error) => [steps[error.index], error]));
    const again: Step[] = [];
    for (const step of steps) {
      const error = failed.get(step);
      if (!error) this.#seen.wrote(step.key, step.before, step.after);
      else if (this.#isRace(error)) again.push(step);
      else refused.set(step.key, this.#collection.refused(error));
    }
    return again;
  }

  /** Changes rows, each group by one statement. Returns the steps that are not known to be done. */
  async #update(steps: readonly Step[], grouped: typeof alike, { refused, signal }: Run): Promise<readonly Step[]> {
    const statementOf = ({ written }: Step) => written as Statement;
    const groups = grouped(steps, statementOf);
    const updates = groups.map((group) => together(group.map(statementOf)));
    const reply = await this.#collection.write({ update: this.#collection.target.collection, updates }, signal);
    if (isAllDone(steps, reply)) {
      for (const { key, before, after } of steps) this.#seen.wrote(key, before, after);
      return [];
    }
    const again = new Set(steps);
    for (const error of reply.errors) {
      const [step, second] = groups[error.index] ?? [];
      if (!step || second) continue;
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
  for (let start = 0; start < traced.length; start += chunkRows) yield traced.slice(start, start + chunkRows);
  if (traced.length < steps.length) for (const step of steps) if (step.lanes.length === 0) yield [step];
}

const singly: typeof alike = (steps) => steps.map((step) => [step]);

/** A step that raises a mark changes its document. */
function isAllDone(steps: readonly Step[], { errors, found, changed }: WriteReply): boolean {
  const toChange = steps.filter(({ lanes }) => lanes.length > 0).length;
  return errors.length === 0 && found === steps.length && changed >= toChange;
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
