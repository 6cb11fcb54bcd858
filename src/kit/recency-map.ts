/** Changes after which the iterator is renewed, at least. */
const renewAfter = 1000;

/**
 * A map that forgets the least recently used key when it holds more than `most`. Every
 * operation takes constant time on average, and removed keys leave no memory behind.
 */
export class RecencyMap<V> {
  readonly #entries = new Map<string, V>();
  /** Kept from one removal to the next: a new one would pass over every key deleted since the map was last rebuilt. */
  #oldest = this.#entries.keys();
  #changes = 0;
  #newest: string | undefined;
  readonly #most: number;

  /** `most`: the most keys that are held; without limit unless given. */
  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  /** Keys and values, the least recently used first. */
  [Symbol.iterator](): IterableIterator<[string, V]> {
    return this.#entries[Symbol.iterator]();
  }

  /** Sets the key's value, and makes it the most recently used. Returns the key that was forgotten for it, if any. */
  use(key: string, value: V): string | undefined {
    if (key === this.#newest) {
      this.#entries.set(key, value);
      return undefined;
    }
    this.#newest = key;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    // An iterator that stands still keeps all that the map was rebuilt from since: it must not live for ever.
    if (++this.#changes > Math.max(renewAfter, this.#entries.size)) {
      this.#changes = 0;
      this.#oldest = this.#entries.keys();
    }
    return this.#entries.size > this.#most ? this.removeOldest() : undefined;
  }

  /** Removes and returns the least recently used key; undefined when there is none. */
  removeOldest(): string | undefined {
    if (this.#entries.size === 0) return undefined;
    const oldest = this.#oldest.next().value as string;
    this.#entries.delete(oldest);
    if (oldest === this.#newest) this.#newest = undefined;
    return oldest;
  }
}
