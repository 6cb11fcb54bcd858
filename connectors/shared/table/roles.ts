import { FdpError, messageOf } from '../../../src/errors.ts';
import type { Lookup, Query } from '../../../src/kit/lookup.ts';
import type { Message } from '../../../src/kit/message.ts';
import { type Coordinates, coordinatesOf, type Proof } from '../../../src/kit/origin.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Row } from '../../../src/kit/row.ts';
import type { Receipt, Sink, SinkCounters, SinkRows } from '../../../src/kit/sink.ts';
import { sizeText } from '../../../src/kit/units.ts';
import { isTrimmed, type TableDefinition } from './definition.ts';
import { type Change, fold, readChange } from './fold.ts';
import { counterProof, isMissing, receipt, rowProof } from './proof.ts';
import { expireStep, isAbove, type NewRow, type TableStore, toTuple } from './store.ts';
import { Turns } from './turns.ts';
import { type StoredValue, storableRow } from './values.ts';

/** Rows of one transaction, at most: a longer one would hold the event loop. */
const chunkRows = 1000;
/** How often a table is looked at that holds no more than it may, ms. */
const trimEveryMs = 1000;

/** The sink that a topology's input asks for. */
export function tableSink(store: TableStore, context: RoleContext): Sink {
  return context.input === 'merges' ? new CounterSink(store, context) : new RowSink(store, context);
}

/** What both sinks share: opening, closing, and removing what has expired. */
abstract class TableRole {
  protected readonly store: TableStore;
  protected readonly context: RoleContext;
  #expiredAt = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | undefined;

  constructor(store: TableStore, context: RoleContext) {
    this.store = store;
    this.context = context;
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#closing;
    this.#closing = undefined;
    await this.store.open(signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.store.close();
    return this.#closing;
  }

  /** After a write: tells how much waits beside the file, and now and then removes rows that have expired. */
  protected async afterWrite(): Promise<void> {
    const { walBytes } = this.store;
    if (walBytes !== undefined) this.context.node.gauge('wal_bytes', walBytes);
    try {
      await this.removeOld();
    } catch (error) {
      this.context.log.debug({}, `${this.store.definition.name}: nothing was removed: ${messageOf(error)}`);
    }
  }

  /** Removes what has expired, now and then. What it throws waits for the next time. */
  protected async removeOld(): Promise<void> {
    const { expireMs } = this.store.definition;
    const now = this.context.clock.monotonic();
    if (expireMs === undefined || now - this.#expiredAt < Math.min(60_000, Math.max(1000, expireMs / 4))) return;
    if ((await this.store.expire()) < expireStep) this.#expiredAt = now;
  }
}

/**
 * Stores rows whose unique field is not known yet. The receipt names each known one with where the stored one came
 * from (offset -1 for a message of no log). A row of a wrong type fails alone and permanently.
 */
class RowSink extends TableRole implements Sink {
  readonly ordered = false;
  readonly maxInFlight = 2;
  readonly rows: SinkRows = {
    behind: (lane, proofs) => this.#behind(lane, proofs),
    put: (row, signal) => this.#put(row, signal),
  };
  /** Of the write that is being ended. */
  #written = 0;
  #trimmedAt = Number.NEGATIVE_INFINITY;

  override async connect(signal: AbortSignal): Promise<void> {
    await super.connect(signal);
    const { definition } = this.store;
    if (isTrimmed(definition)) this.context.log.info({}, `${definition.name}: ${keptText(definition)}`);
  }

  /** As many rows as were written, and a step more: what is over the limit is worked off little by little. */
  protected override async removeOld(): Promise<void> {
    await super.removeOld();
    const { clock, node } = this.context;
    const now = clock.monotonic();
    if (!isTrimmed(this.store.definition) || now - this.#trimmedAt < trimEveryMs) return;
    for (let left = this.#written; left > -expireStep; left -= expireStep) {
      const removed = await this.store.trim();
      node.count('removed', removed);
      if (removed < expireStep) {
        this.#trimmedAt = now;
        return;
      }
    }
  }

  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const known = new Map<number, Coordinates>();
    const failed = new Map<number, Error>();
    const rows: NewRow[] = [];
    const places: number[] = [];
    for (let place = 0; place < messages.length; place++) {
      try {
        const message = messages[place] as Message;
        const values = storableRow(this.store.definition, message.value);
        rows.push({ values, coordinates: coordinatesOf(message) });
        places.push(place);
      } catch (error) {
        failed.set(place, error as Error);
      }
    }
    await this.context.failPoint('table-before-insert');
    for (let start = 0; start < rows.length; start += chunkRows) {
      const found = await this.store.insert(rows.slice(start, start + chunkRows), signal);
      for (const [at, first] of found) known.set(places[start + at] as number, first);
    }
    await this.context.failPoint('table-after-insert');
    this.#written = rows.length;
    await this.afterWrite();
    return receipt({ known, failed }, rowProof(this.store.definition, messages, { known, failed }));
  }

  async #behind(lane: string, proofs: readonly Proof[]): Promise<number | undefined> {
    const { unique = '' } = this.store.definition;
    for (const { key, offset, index } of proofs) {
      const [found] = await this.store.find({ where: { [unique]: key }, sort: [], limit: 1 });
      if (found) continue;
      const removed = await this.store.removedTo(lane);
      // It was stored, and has been removed in time.
      if (removed && !isAbove([offset, index], removed)) continue;
      return Math.max((await this.store.newest(lane)) ?? -1, removed?.[0] ?? -1) + 1;
    }
    return undefined;
  }

  async #put(row: Row, signal: AbortSignal): Promise<void> {
    const { name, unique } = this.store.definition;
    if (unique === undefined)
      throw new FdpError(
        'FDP_SPEC_INVALID',
        `${name}: replacing a row needs a field that identifies it: set \`unique\``,
      );
    const values = storableRow(this.store.definition, row);
    await this.store.merge([values[unique] ?? null], () => ({ values, marks: {} }), signal);
    await this.afterWrite();
  }
}

/**
 * Changes counters: the operations of one row are folded into one atomic update, which also raises the row's mark of
 * their lane. A message at or below the mark was counted before: it changes nothing and is named as known.
 */
class CounterSink extends TableRole implements Sink {
  readonly ordered = true;
  readonly counters: SinkCounters = {
    mark: (lane) => this.store.mark(lane),
    forget: (lane, to) => this.store.forget(lane, toTuple(to)),
  };
  readonly rows: SinkRows = { behind: (lane, proofs) => this.#behind(lane, proofs) };

  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const known = new Map<number, Coordinates>();
    const failed = new Map<number, Error>();
    const rows = new Map<StoredValue, Change[]>();
    for (let place = 0; place < messages.length; place++) {
      try {
        const change = readChange(this.store.definition, messages[place] as Message, place);
        const changes = rows.get(change.key);
        if (changes) changes.push(change);
        else rows.set(change.key, [change]);
      } catch (error) {
        failed.set(place, error as Error);
      }
    }
    await this.context.failPoint('table-before-merge');
    const keys = [...rows.keys()];
    const change = (key: StoredValue, row: Parameters<typeof fold>[1]) => {
      const folded = fold(this.store.definition, row, rows.get(key) ?? []);
      for (const place of folded.known) known.set(place, coordinatesOf(messages[place] as Message));
      for (const [place, error] of folded.failed) failed.set(place, error);
      return folded.row;
    };
    if (keys.length > 0) await this.store.merge(keys, change, signal);
    await this.context.failPoint('table-after-merge');
    await this.afterWrite();
    return receipt({ known, failed }, counterProof(this.store.definition, rows, failed));
  }

  async #behind(lane: string, proofs: readonly Proof[]): Promise<number | undefined> {
    for (const { key, offset, index } of proofs) {
      const marks = await this.store.marks(key);
      if (isMissing(marks?.[lane], [offset, index])) return ((await this.store.mark(lane))?.offset ?? -1) + 1;
    }
    return undefined;
  }
}

/** Looks rows up. */
export class TableLookup extends TableRole implements Lookup {
  readonly #turns = new Turns(this.context.clock);

  async find(query: Query, signal: AbortSignal): Promise<readonly Row[]> {
    const { name } = this.store.definition;
    await this.#turns.next();
    if (signal.aborted) throw new FdpError('FDP_CLOSED', `${name}: the request was cancelled`);
    return this.store.find(query);
  }
}

function keptText({ keepMs, maxBytes }: TableDefinition): string {
  const limits = [
    ...(keepMs === undefined ? [] : [`for ${keepMs / 86_400_000} days`]),
    ...(maxBytes === undefined ? [] : [`until the file holds ${sizeText(maxBytes)}`]),
  ];
  return `rows are kept ${limits.join(', or ')}; then the oldest are removed`;
}
