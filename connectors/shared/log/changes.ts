import { woken } from '../../../src/kit/clock.ts';

/** The name of a topic's partition. */
export function nameOf(topic: string | number, partition: number): string {
  return `${topic}/${partition}`;
}

/** Wakes readers that wait for partitions of a log, by the name of each, when there is something new. */
export class Changes {
  #ofAll = 0;
  readonly #of = new Map<string, number>();
  readonly #waiters = new Map<() => void, string>();

  get isAwaited(): boolean {
    return this.#waiters.size > 0;
  }

  /** A number for `since`; to be taken before reading. */
  version(name: string): number {
    return this.#ofAll + (this.#of.get(name) ?? 0);
  }

  /** One partition, or an unknown one, may have new records. */
  tell(name?: string): void {
    if (name === undefined) this.#ofAll++;
    else this.#of.set(name, (this.#of.get(name) ?? 0) + 1);
    for (const [wake, waitsFor] of [...this.#waiters]) if (name === undefined || name === waitsFor) wake();
  }

  /** A topic has new records. */
  appended(topic: string | number, records: readonly { readonly partition: number }[]): void {
    for (const partition of new Set(records.map((record) => record.partition))) this.tell(nameOf(topic, partition));
  }

  /** Resolves when there may be more than at `version`, or when `signal` aborts. */
  since(name: string, version: number, signal: AbortSignal): Promise<void> {
    if (this.version(name) !== version) return Promise.resolve();
    return woken(signal, (wake) => {
      this.#waiters.set(wake, name);
      return () => this.#waiters.delete(wake);
    });
  }
}
