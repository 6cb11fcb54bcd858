import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { woken } from './clock.ts';
import { sizeBytes } from './units.ts';

/** What a full queue does with the next item; see `BoundedQueue`. */
export type WhenFull = 'pause' | 'drop_oldest' | 'conflate';

export interface QueueOptions<T = unknown> {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly whenFull: WhenFull;
  /** Called with the number of items that were dropped, and the items. */
  readonly onDropped?: (count: number, items: readonly T[]) => void;
  /**
   * `pause` only: the producer must stop (true) or may continue (false). Called once per state
   * change.
   */
  readonly onPaused?: (paused: boolean) => void;
  /**
   * The most bytes that one `take` returns; a single larger item is returned alone. 1 MiB unless
   * given.
   */
  readonly takeBytes?: number;
}

/** Items in the order in which they were pushed, and their total size in bytes. */
interface Taken<T> {
  readonly items: readonly T[];
  readonly bytes: number;
}

interface Entry<T> {
  item: T;
  bytes: number;
  readonly key: string | undefined;
}

/**
 * The queue between a source that is pushed to (a socket) and the lane that reads it: one producer,
 * one reader, bounded in items and bytes. When it is full,
 * - `drop_oldest` drops the oldest items, as many as it takes to make room;
 * - `conflate` keeps the latest item of each key, in its earlier place, until the queue is half
 *   empty again; if there are more keys than room the oldest go;
 * - `pause` takes what comes and asks the producer to stop until the queue is half empty: over the
 *   bounds lies only what the producer still had in its hands.
 *
 * Items of one key never overtake each other.
 */
export class BoundedQueue<T> {
  readonly #options: QueueOptions<T>;
  #entries: Entry<T>[] = [];
  #head = 0;
  #bytes = 0;
  #closed = false;
  #paused = false;
  /** The entry of each key, while the queue conflates; undefined while it does not. */
  #latest: Map<string, Entry<T>> | undefined;
  #wake: (() => void) | undefined;

  constructor(options: QueueOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True while the producer is asked to stop. */
  get paused(): boolean {
    return this.#paused;
  }

  /**
   * Adds an item. False if this very item was dropped: it alone is over `maxBytes` (unless the
   * policy is `pause`), or the queue is closed; it is counted as dropped.
   */
  push(item: T, bytes: number, key?: string): boolean {
    const { maxBytes, whenFull } = this.#options;
    if (this.#closed || (whenFull !== 'pause' && bytes > maxBytes)) {
      this.#options.onDropped?.(1, [item]);
      return false;
    }
    if (!this.#replace(item, bytes, key)) this.#append({ item, bytes, key });
    if (this.#isOver()) this.#relieve();
    this.#wake?.();
    return true;
  }

  /**
   * The next items, at most `max`; waits for one. Undefined at the end: the queue is closed, or
   * `signal` aborted, and nothing is left. Called by one reader at a time.
   */
  async take(max: number, signal: AbortSignal): Promise<Taken<T> | undefined> {
    while (this.size === 0) {
      if (this.#closed || signal.aborted) return undefined;
      await this.#somethingNew(signal);
    }
    const items: T[] = [];
    let bytes = 0;
    while (items.length < max && this.size > 0) {
      const next = this.#entries[this.#head] as Entry<T>;
      if (items.length > 0 && bytes + next.bytes > (this.#options.takeBytes ?? 1024 ** 2)) break;
      this.#shift();
      items.push(next.item);
      bytes += next.bytes;
    }
    if (this.#isHalfEmpty()) this.#calm();
    return { items, bytes };
  }

  /** Ends pushing; items in the queue can still be taken. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  #somethingNew(signal: AbortSignal): Promise<void> {
    return woken(signal, (wake) => {
      this.#wake = wake;
      return () => {
        this.#wake = undefined;
      };
    });
  }

  #replace(item: T, bytes: number, key: string | undefined): boolean {
    const entry = key === undefined ? undefined : this.#latest?.get(key);
    if (!entry) return false;
    const before = entry.item;
    this.#bytes += bytes - entry.bytes;
    entry.item = item;
    entry.bytes = bytes;
    this.#options.onDropped?.(1, [before]);
    return true;
  }

  #append(entry: Entry<T>): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes;
    if (entry.key !== undefined) this.#latest?.set(entry.key, entry);
  }

  #shift(): T {
    const entry = this.#entries[this.#head++] as Entry<T>;
    this.#bytes -= entry.bytes;
    if (entry.key !== undefined) this.#latest?.delete(entry.key);
    if (this.#head < 1024 && this.#head < this.#entries.length) return entry.item;
    // Taken items are freed in steps: one copy per thousand items.
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
    return entry.item;
  }

  #relieve(): void {
    if (this.#options.whenFull === 'pause') {
      if (this.#paused) return;
      this.#paused = true;
      this.#options.onPaused?.(true);
      return;
    }
    const dropped = this.#options.whenFull === 'conflate' && !this.#latest ? this.#conflate() : [];
    while (this.#isOver()) dropped.push(this.#shift());
    if (dropped.length > 0) this.#options.onDropped?.(dropped.length, dropped);
  }

  /** Keeps the last entry of each key, and those without one; gives the others. */
  #conflate(): T[] {
    const latest = new Map<string, Entry<T>>();
    const waiting = this.#entries.slice(this.#head);
    for (const entry of waiting) if (entry.key !== undefined) latest.set(entry.key, entry);
    const isKept = (entry: Entry<T>) => entry.key === undefined || latest.get(entry.key) === entry;
    this.#entries = waiting.filter(isKept);
    this.#head = 0;
    this.#bytes = this.#entries.reduce((sum, entry) => sum + entry.bytes, 0);
    this.#latest = latest;
    return waiting.filter((entry) => !isKept(entry)).map(({ item }) => item);
  }

  #calm(): void {
    this.#latest = undefined;
    if (!this.#paused) return;
    this.#paused = false;
    this.#options.onPaused?.(false);
  }

  #isOver(): boolean {
    const { maxItems, maxBytes, whenFull } = this.#options;
    if (whenFull === 'pause') return this.size >= maxItems || this.#bytes >= maxBytes;
    return this.size > maxItems || this.#bytes > maxBytes;
  }

  #isHalfEmpty(): boolean {
    return this.size <= this.#options.maxItems / 2 && this.#bytes <= this.#options.maxBytes / 2;
  }
}

/** The `queue` option of a source that is pushed to. */
export const queueSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'The queue between the connection and the pipeline.',
  properties: {
    messages: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000_000,
      default: 10_000,
      description: 'Maximum number of messages in the queue.',
    },
    size: { type: 'string', format: 'size', default: '16MiB', description: 'Maximum size of the queue.' },
    when_full: {
      enum: ['drop_oldest', 'conflate', 'pause'],
      default: 'drop_oldest',
      description:
        'What a full queue does: drop_oldest drops the oldest messages, conflate keeps the latest of each key, pause stops reading from the connection. Dropped messages are counted.',
    },
  },
} as const satisfies JSONSchema;

/** The validated `queue` option, defaults filled in, as bounds of a `BoundedQueue`. */
export function queueBounds(
  queue: FromSchema<typeof queueSchema>,
): Pick<QueueOptions, 'maxItems' | 'maxBytes' | 'whenFull'> {
  return { maxItems: queue.messages, maxBytes: sizeBytes(queue.size), whenFull: queue.when_full };
}
