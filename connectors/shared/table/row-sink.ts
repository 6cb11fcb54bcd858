import { FdpError } from '../../../src/errors.ts';
import type { Message } from '../../../src/kit/message.ts';
import { type Coordinates, coordinatesOf, type Proof } from '../../../src/kit/origin.ts';
import type { Row } from '../../../src/kit/row.ts';
import type { Receipt, Sink, SinkRows } from '../../../src/kit/sink.ts';
import { sizeText } from '../../../src/kit/units.ts';
import { isTrimmed, type TableDefinition } from './definition.ts';
import { receipt, rowProof } from './proof.ts';
import { TableRole } from './role.ts';
import { expireStep, isAbove, type NewRow } from './store.ts';

/** The most rows of one insert: a longer transaction would block the event loop. */
const chunkRows = 1000;
/** How often a table within its limits is checked, ms. */
const trimEveryMs = 1000;

/**
 * Stores rows whose unique value is not known yet. The receipt names each known one with the stored row's origin
 * (offset -1 for a message outside a log, lane '' for a row of another program). A row that the store will never accept
 * fails alone and permanently.
 */
export class RowSink extends TableRole implements Sink {
  readonly ordered = false;
  readonly rows: SinkRows = {
    behind: (lane, proofs) => this.#behind(lane, proofs),
    put: (row, signal) => this.#put(row, signal),
  };
  /** The proof of the current write. */
  #written = 0;
  #trimmedAt = Number.NEGATIVE_INFINITY;

  get maxInFlight(): number {
    return this.store.insertsAtOnce;
  }

  override async connect(signal: AbortSignal): Promise<void> {
    await super.connect(signal);
    const { definition } = this.store;
    if (isTrimmed(definition)) this.context.log.info({}, `${definition.name}: ${keptText(definition)}`);
  }

  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const known = new Map<number, Coordinates>();
    const failed = new Map<number, Error>();
    const rows: NewRow<unknown>[] = [];
    const indexes: number[] = [];
    for (let index = 0; index < messages.length; index++) {
      try {
        const message = messages[index] as Message;
        rows.push({ values: this.store.kept(message.value), coordinates: coordinatesOf(message) });
        indexes.push(index);
      } catch (error) {
        failed.set(index, error as Error);
      }
    }
    await this.context.failPoint('table-before-insert');
    for (let start = 0; start < rows.length; start += chunkRows) {
      const inserted = await this.store.insert(rows.slice(start, start + chunkRows), signal);
      for (const [at, first] of inserted.known) known.set(indexes[start + at] as number, first);
      for (const [at, error] of inserted.failed) failed.set(indexes[start + at] as number, error);
    }
    await this.context.failPoint('table-after-insert');
    this.#written = rows.length;
    await this.afterWrite();
    return receipt({ known, failed }, rowProof(this.store.definition, messages, { known, failed }));
  }

  async #behind(lane: string, proofs: readonly Proof[]): Promise<number | undefined> {
    const missing = await this.store.missing([...new Set(proofs.map(({ key }) => key))]);
    if (missing.size === 0) return undefined;
    const removed = await this.store.retention?.removedTo(lane);
    // Rows that were stored and then removed by retention are not lost.
    const isLost = ({ key, offset, index }: Proof) => missing.has(key) && isAbove([offset, index], removed);
    if (!proofs.some(isLost)) return undefined;
    return Math.max((await this.store.newest(lane)) ?? -1, removed?.[0] ?? -1) + 1;
  }

  async #put(row: Row, signal: AbortSignal): Promise<void> {
    const { name, unique } = this.store.definition;
    if (unique === undefined)
      throw new FdpError(
        'FDP_SPEC_INVALID',
        `${name}: replacing a row needs a field that identifies it: set \`unique\``,
      );
    await this.store.put(this.store.kept(row), signal);
    await this.afterWrite();
  }

  /** Removes as many rows as were written, and one step more, so that an excess shrinks gradually. */
  protected override async removeOld(): Promise<void> {
    await super.removeOld();
    const { definition, retention } = this.store;
    const { clock, node } = this.context;
    const now = clock.monotonic();
    if (!retention || !isTrimmed(definition) || now - this.#trimmedAt < trimEveryMs) return;
    for (let left = this.#written; left > -expireStep; left -= expireStep) {
      const removed = await retention.trim();
      node.count('removed', removed);
      if (removed < expireStep) {
        this.#trimmedAt = now;
        return;
      }
    }
  }
}

function keptText({ keepMs, maxBytes }: TableDefinition): string {
  const limits = [
    ...(keepMs === undefined ? [] : [`for ${keepMs / 86_400_000} days`]),
    ...(maxBytes === undefined ? [] : [`until the file holds ${sizeText(maxBytes)}`]),
  ];
  return `rows are kept ${limits.join(', or ')}; then the oldest are removed`;
}
