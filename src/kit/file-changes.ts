import { statSync } from 'node:fs';
import type { Clock } from './clock.ts';

/** How long a change of a file may go unnoticed, ms. */
const checkEveryMs = 1000;

/** Notices that files have changed, appeared, disappeared or can't be reached any more; looks once a second at most. */
export class FileChanges {
  readonly #paths: readonly string[];
  readonly #clock: Pick<Clock, 'monotonic'>;
  #version = '';
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(paths: readonly string[], clock: Pick<Clock, 'monotonic'>) {
    this.#paths = paths;
    this.#clock = clock;
  }

  /** What the files are now is known. */
  seen(): void {
    this.#version = this.#paths.map(versionOf).join(', ');
  }

  /** Whether they have changed since they were seen; they are seen by it. */
  changed(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#checkedAt < checkEveryMs) return false;
    this.#checkedAt = now;
    const before = this.#version;
    this.seen();
    return this.#version !== before;
  }
}

/** A text that changes when the file does. */
function versionOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
