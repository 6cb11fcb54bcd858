import { woken } from './clock.ts';

/**
 * Bounds the batches, and their bytes, that were read and are not settled, or are behind one that is not. A source
 * reads only while a permit is free; what it then reads is counted in full, so each lane may exceed the limits by the
 * one batch that it was reading.
 */
export class Permits {
  batches = 0;
  bytes = 0;
  readonly #maxBatches: number;
  readonly #maxBytes: number;
  readonly #waiting = new Set<() => void>();

  constructor(maxBatches: number, maxBytes: number) {
    this.#maxBatches = maxBatches;
    this.#maxBytes = maxBytes;
  }

  get free(): boolean {
    return this.batches < this.#maxBatches && this.bytes < this.#maxBytes;
  }

  /** Resolves when a permit is free, or `signal` aborts. */
  async whenFree(signal: AbortSignal): Promise<void> {
    while (!this.free && !signal.aborted) {
      await woken(signal, (wake) => {
        this.#waiting.add(wake);
        return () => this.#waiting.delete(wake);
      });
    }
  }

  take(bytes: number): void {
    this.batches++;
    this.bytes += bytes;
  }

  giveBack(bytes: number): void {
    this.batches--;
    this.bytes -= bytes;
    if (this.free) for (const wake of [...this.#waiting]) wake();
  }
}
