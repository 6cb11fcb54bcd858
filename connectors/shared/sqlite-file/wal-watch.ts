import { statSync } from 'node:fs';
import type { Environment } from '../../../src/kit/environment.ts';
import { sizeText } from '../../../src/kit/units.ts';
import { walBytes } from './schema.ts';

const checkEveryMs = 1000;

/**
 * Watches the size of a file's write-ahead log. Checkpoints reach only as far as no reader, of any process, still needs
 * older pages: a read transaction that lasts for hours lets it grow without limit, and slows everything down.
 */
export class WalWatch {
  readonly #file: string;
  readonly #environment: Environment;
  #bytes = 0;
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** The last reported size; 0 while it is small. */
  #reported = 0;

  constructor(file: string, environment: Environment) {
    this.#file = file;
    this.#environment = environment;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Checks at most once a second; warns at twice the normal size, at every doubling, and logs when it is normal again.
   */
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
