/** Changes after which the iterator is renewed, at least. */
const renewAfter = 1000;

/**
 * A map that knows which key was unused for longest. Every operation takes the same time on average, however many keys
 * there are, and what was removed leaves no memory behind.
 */
export class RecencyMap<V> {
  readonly #entries = new Map<string, V>();
  /** Kept from one removal to the next: a new one would pass over every key deleted since the map was last rebuilt. */
  #oldest = this.#entries.keys();
  #changes = 0;
  #newest: string | undefined;

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  /** Sets the key's value, and makes it the one used last. */
  use(key: string, value: V): void {
    if (key === this.#newest) {
      this.#entries.set(key, value);
      return;
    }
    this.#newest = key;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    // An iterator that stands still keeps all that the map was rebuilt from since: it must not live for ever.
    if (++this.#changes <= Math.max(renewAfter, this.#entries.size)) return;
    this.#changes = 0;
    this.#oldest = this.#entries.keys();
  }

  /** Removes the key that was unused for longest, and gives it; undefined when there is none. */
  removeOldest(): string | undefined {
    if (this.#entries.size === 0) return undefined;
    const oldest = this.#oldest.next().value as string;
    this.#entries.delete(oldest);
    if (oldest === this.#newest) this.#newest = undefined;
    return oldest;
  }
}
