import { isRetriable } from '../../../src/errors.ts';
import type { Message } from '../../../src/kit/message.ts';
import { type Coordinates, coordinatesOf, type Proof } from '../../../src/kit/origin.ts';
import type { Receipt, Sink, SinkCounters, SinkRows } from '../../../src/kit/sink.ts';
import { type Folded, fold, type MessageChange, readChange } from './fold.ts';
import { Gather } from './gather.ts';
import { counterProof, isMissing, receipt } from './proof.ts';
import { TableRole } from './role.ts';
import { toTuple } from './store.ts';
import type { StoredValue } from './values.ts';

/** Rows of one merge, at most: a longer transaction would hold the event loop. */
const chunkRows = 500;

/** What became of the messages of a write, by their index in it. */
interface Outcome {
  readonly known: Map<number, Coordinates>;
  readonly failed: Map<number, Error>;
}

type Rows = ReadonlyMap<StoredValue, readonly MessageChange[]>;

/**
 * Updates counters: the operations of one row are folded into one atomic update, which also raises the row's mark of
 * their lane. A message at or below the mark was counted before: it changes nothing and is reported as known.
 */
export class CounterSink extends TableRole implements Sink {
  readonly ordered = true;
  readonly gathering = new Gather(this.context.clock, this.store.definition);
  readonly counters: SinkCounters = {
    mark: (lane) => this.store.mark(lane),
    forget: (lane, to) => this.store.forget(lane, toTuple(to)),
  };
  readonly rows: SinkRows = { behind: (lane, proofs) => this.#behind(lane, proofs) };

  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const outcome: Outcome = { known: new Map(), failed: new Map() };
    const rows = this.#rows(messages, outcome.failed);
    await this.context.failPoint('table-before-merge');
    await this.#apply(rows, outcome, signal);
    await this.context.failPoint('table-after-merge');
    await this.afterWrite();
    return receipt(outcome, counterProof(this.store.definition, rows, outcome.failed));
  }

  async #behind(lane: string, proofs: readonly Proof[]): Promise<number | undefined> {
    const marks = await this.store.marks([...new Set(proofs.map(({ key }) => key))]);
    const isLost = ({ key, offset, index }: Proof) => isMissing(marks.get(key)?.[lane], [offset, index]);
    return proofs.some(isLost) ? ((await this.store.mark(lane))?.offset ?? -1) + 1 : undefined;
  }

  /** The changes by row, in order. */
  #rows(messages: readonly Message[], failed: Map<number, Error>): Rows {
    const rows = new Map<StoredValue, MessageChange[]>();
    for (let index = 0; index < messages.length; index++) {
      try {
        const change = readChange(this.store.definition, messages[index] as Message, index);
        const changes = rows.get(change.key);
        if (changes) changes.push(change);
        else rows.set(change.key, [change]);
      } catch (error) {
        failed.set(index, error as Error);
      }
    }
    return rows;
  }

  async #apply(rows: Rows, outcome: Outcome, signal: AbortSignal): Promise<void> {
    const { definition } = this.store;
    const all = [...rows.keys()];
    for (let start = 0; start < all.length; start += chunkRows) {
      const keys = all.slice(start, start + chunkRows);
      const folds = new Map<StoredValue, Folded>();
      const refused = await this.store.merge(
        keys,
        (key, row) => {
          const folded = fold(definition, row, rows.get(key) ?? []);
          folds.set(key, folded);
          return folded;
        },
        signal,
      );
      for (const key of keys) {
        const error = refused.get(key);
        const changes = rows.get(key) ?? [];
        if (error) await this.#refused(changes, error, { outcome, signal });
        else note(folds.get(key), changes, outcome);
      }
    }
  }

  /** If the store refuses a row with many changes, they are tried one by one. */
  async #refused(
    changes: readonly MessageChange[],
    error: Error,
    { outcome, signal }: { readonly outcome: Outcome; readonly signal: AbortSignal },
  ): Promise<void> {
    if (changes.length === 1 || isRetriable(error)) for (const { index } of changes) outcome.failed.set(index, error);
    else for (const change of changes) await this.#apply(new Map([[change.key, [change]]]), outcome, signal);
  }
}

function note(folded: Folded | undefined, changes: readonly MessageChange[], { known, failed }: Outcome): void {
  if (!folded) return;
  for (const [index, error] of folded.failed) failed.set(index, error);
  if (folded.known.length === 0) return;
  const all = new Set(folded.known);
  for (const { index, message } of changes) if (all.has(index)) known.set(index, coordinatesOf(message));
}
