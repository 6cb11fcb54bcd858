import { statSync } from 'node:fs';
import type { Environment } from '../../../src/kit/environment.ts';
import { sizeText } from '../../../src/kit/units.ts';
import { walBytes } from './schema.ts';

const checkEveryMs = 1000;

/**
 * The size of a file's write-ahead log. It is moved to the file only as far as no reader, of any process, still needs
 * what lies before: one that reads for hours, or sleeps while it reads, lets it grow without end, and slows all down.
 */
export class WalWatch {
  readonly #file: string;
  readonly #environment: Environment;
  #bytes = 0;
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** What was reported last; 0 while it is small. */
  #reported = 0;

  constructor(file: string, environment: Environment) {
    this.#file = file;
    this.#environment = environment;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Looks once a second at most; reports when it is twice what it shrinks to, at every doubling, and when that is over. */
  check(): void {
    const { clock, log } = this.#environment;
    const now = clock.monotonic();
    if (now - this.#checkedAt < checkEveryMs) return;
    this.#checkedAt = now;
    this.#bytes = sizeOf(`${this.#file}-wal`);
    const fields = { file: this.#file, wal_bytes: this.#bytes };
    if (this.#bytes >= 2 * Math.max(walBytes, this.#reported)) {
      this.#reported = this.#bytes;
      const why = 'a process (fdp or another) has an old read transaction: end the process, or its transaction';
      log.warn(fields, `${this.#file}: its write-ahead log has grown to ${sizeText(this.#bytes)}: ${why}`);
    } else if (this.#reported > 0 && this.#bytes <= walBytes) {
      this.#reported = 0;
      log.info(fields, `${this.#file}: the write-ahead log is back to its normal size`);
    }
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
