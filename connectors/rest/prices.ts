import type { Environment } from '../../src/kit/environment.ts';
import { RecencyMap } from '../../src/kit/recency-map.ts';

/** The newest line of a symbol. */
export interface Price {
  readonly symbol: string;
  readonly price: number;
  /** Null if the feed has none. */
  readonly vwap: number | null;
  /** As on the feed. */
  readonly time: string;
}

/** The changes between two snapshots, or everything. */
export interface Snapshot {
  /** Rises with every snapshot. */
  readonly number: number;
  /** All symbols, or only the changed ones. */
  readonly full: boolean;
  readonly symbols: readonly Change[];
}

interface Change extends Price {
  /** Lines since the snapshot before; 0 in a full one. */
  readonly trades: number;
  /** The highest and the lowest price of these lines, where it is not the last one. */
  readonly high?: number;
  readonly low?: number;
}

/** The lines of a symbol since the last snapshot. */
interface Lines {
  trades: number;
  high: number;
  low: number;
}

/** Shortest time between two snapshots, ms. */
const intervalMs = 250;
/** Snapshots are still made for this long after the last listener has left, ms: it may reconnect. */
const lingerMs = 60_000;
/** The most symbols; beyond that, the least recently updated is forgotten. */
const mostSymbols = 2000;
/** Limits for kept snapshots, and for their changes in all. */
const mostSnapshots = 240;
const mostChanges = 20_000;

/**
 * The newest price of every symbol, and the latest changes, in snapshots: at most four a second, and only if
 * something has changed and there are listeners. Holds at most 2000 symbols, 240 snapshots and 20,000 changes.
 */
export class Prices {
  /** Distinguishes this process's numbers from those of another. */
  readonly tag: string;
  readonly #clock: Environment['clock'];
  readonly #latest = new RecencyMap<Price>(mostSymbols);
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  readonly #lines = new Map<string, Lines>();
  #recent: Snapshot[] = [];
  #changes = 0;
  #number = 0;
  #lingersUntil = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor({ clock, chance }: Pick<Environment, 'clock' | 'chance'>) {
    this.#clock = clock;
    this.tag = Math.floor(chance.next() * 2 ** 40).toString(36);
  }

  /** Takes a line of the feed. */
  take(price: Price): void {
    const { symbol } = price;
    const forgotten = this.#latest.use(symbol, price);
    if (forgotten !== undefined) this.#lines.delete(forgotten);
    if (this.#listeners.size === 0 && this.#clock.monotonic() > this.#lingersUntil) {
      this.#rest();
      return;
    }
    const lines = this.#lines.get(symbol);
    if (lines) add(lines, { trades: 1, high: price.price, low: price.price });
    else this.#lines.set(symbol, { trades: 1, high: price.price, low: price.price });
    this.#cancel ??= this.#clock.timer(intervalMs, () => this.#publish());
  }

  /** All symbols, as of the last snapshot or later. */
  full(): Snapshot {
    const symbols = [...this.#latest].map(([, price]) => ({ ...price, trades: 0 }));
    return { number: this.#number, full: true, symbols };
  }

  /** All changes since a snapshot, merged; everything if that is too long ago. Undefined if nothing has changed. */
  since(number: number): Snapshot | undefined {
    if (number === this.#number) return undefined;
    const missed = this.#recent.filter((snapshot) => snapshot.number > number);
    const [first, ...others] = missed;
    if (first?.number !== number + 1) return this.full();
    return others.length === 0 ? first : { number: this.#number, full: false, symbols: merged(missed) };
  }

  /** Calls `heard` after each new snapshot; the returned function unsubscribes. */
  listen(heard: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(heard);
    return () => {
      this.#listeners.delete(heard);
      if (this.#listeners.size === 0) this.#lingersUntil = this.#clock.monotonic() + lingerMs;
    };
  }

  /** Stops making snapshots. */
  close(): void {
    this.#listeners.clear();
    this.#rest();
  }

  #publish(): void {
    this.#cancel = undefined;
    const symbols = [...this.#lines].flatMap(([symbol, lines]) => {
      const price = this.#latest.get(symbol);
      return price ? [changeOf(price, lines)] : [];
    });
    this.#lines.clear();
    const snapshot = { number: ++this.#number, full: false, symbols };
    this.#recent.push(snapshot);
    this.#changes += symbols.length;
    while (this.#recent.length > mostSnapshots || this.#changes > mostChanges)
      this.#changes -= this.#recent.shift()?.symbols.length ?? 0;
    for (const heard of this.#listeners) heard(snapshot);
  }

  /** Drops the kept snapshots: clients that return later get everything. */
  #rest(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#lingersUntil = Number.NEGATIVE_INFINITY;
    if (this.#recent.length === 0 && this.#lines.size === 0) return;
    this.#number++;
    this.#recent = [];
    this.#changes = 0;
    this.#lines.clear();
  }
}

/** The last price of each symbol, and its number of lines. */
function merged(snapshots: readonly Snapshot[]): Snapshot['symbols'] {
  const symbols = new Map<string, { readonly price: Price; readonly lines: Lines }>();
  for (const change of snapshots.flatMap((snapshot) => snapshot.symbols)) {
    const { symbol, price, vwap, time, trades, high = price, low = price } = change;
    const lines = symbols.get(symbol)?.lines ?? { trades: 0, high, low };
    add(lines, { trades, high, low });
    symbols.set(symbol, { price: { symbol, price, vwap, time }, lines });
  }
  return [...symbols.values()].map(({ price, lines }) => changeOf(price, lines));
}

function add(lines: Lines, { trades, high, low }: Lines): void {
  lines.trades += trades;
  if (high > lines.high) lines.high = high;
  if (low < lines.low) lines.low = low;
}

function changeOf(price: Price, { trades, high, low }: Lines): Change {
  return { ...price, trades, ...(high > price.price ? { high } : {}), ...(low < price.price ? { low } : {}) };
}
