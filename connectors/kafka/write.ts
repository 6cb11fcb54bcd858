import type { OutRecord } from './client.ts';

/** Records that are handed over together. The outcome of each is reported once, by its index. */
export class Write {
  /** Aborts when the write is given up: records that were not sent by then are not sent at all. */
  readonly signal: AbortSignal;
  /** Resolves when every record has an outcome, with the errors of those that failed; the others are durable. */
  readonly outcome: Promise<ReadonlyMap<number, unknown>>;
  readonly #failed = new Map<number, unknown>();
  readonly #isSettled: Uint8Array;
  #left: number;
  #resolve: (failed: ReadonlyMap<number, unknown>) => void = () => {};

  constructor(records: number, signal: AbortSignal) {
    this.signal = signal;
    this.#left = records;
    this.#isSettled = new Uint8Array(records);
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (records === 0) this.#resolve(this.#failed);
  }

  /** With an error the record failed. The first report counts. */
  settle(index: number, error?: unknown): void {
    if (this.#isSettled[index] === 1) return;
    this.#isSettled[index] = 1;
    if (error !== undefined) this.#failed.set(index, error);
    if (--this.#left === 0) this.#resolve(this.#failed);
  }
}

/** One of them on its way to its partition. */
export interface Outgoing {
  readonly record: OutRecord;
  /** The size of its key and value. */
  readonly bytes: number;
  readonly write: Write;
  readonly index: number;
}
