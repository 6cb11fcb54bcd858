import type { Environment } from '../../src/kit/environment.ts';
import { RecencyMap } from '../../src/kit/recency-map.ts';

/** The newest line of a symbol. */
export interface Price {
  readonly symbol: string;
  readonly price: number;
  /** Null where the feed has none. */
  readonly vwap: number | null;
  /** As on the feed. */
  readonly time: string;
}

/** What has changed from one number to the next, or everything that is known. */
export interface Snapshot {
  /** Rises with every snapshot. */
  readonly number: number;
  /** Every symbol that is known, or only those that have changed. */
  readonly full: boolean;
  /** `trades`: lines since the snapshot before; 0 in a full one. */
  readonly symbols: readonly (Price & { readonly trades: number })[];
}

/** Shortest time between two snapshots, ms. */
const intervalMs = 250;
/** Snapshots are still made for so long after the last listener has gone, ms: it may come back for them. */
const lingerMs = 60_000;
/** Of more symbols, the one without a line for longest is forgotten. */
const mostSymbols = 2000;
/** What is kept to be given again: so many snapshots, with so many changes in all. */
const mostSnapshots = 240;
const mostChanges = 20_000;

/**
 * The newest price of every symbol, and what has changed lately, in snapshots: four a second at most, and only when
 * something has changed and somebody listens. Holds 2000 symbols, 240 snapshots and 20,000 changes at most.
 */
export class Prices {
  /** Tells the numbers of this process from those of another. */
  readonly tag: string;
  readonly #clock: Environment['clock'];
  readonly #latest = new RecencyMap<Price>(mostSymbols);
  readonly #listeners = new Set<(snapshot: Snapshot) => void>();
  /** Lines of each symbol since the last snapshot. */
  readonly #lines = new Map<string, number>();
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
    this.#lines.set(symbol, (this.#lines.get(symbol) ?? 0) + 1);
    this.#cancel ??= this.#clock.timer(intervalMs, () => this.#publish());
  }

  /** Everything that is known, as of the last snapshot or later. */
  full(): Snapshot {
    const symbols = [...this.#latest].map(([, price]) => ({ ...price, trades: 0 }));
    return { number: this.#number, full: true, symbols };
  }

  /** What has changed after a snapshot, in one; everything when that is too long ago. Undefined: nothing has. */
  since(number: number): Snapshot | undefined {
    if (number === this.#number) return undefined;
    const missed = this.#recent.filter((snapshot) => snapshot.number > number);
    const [first, ...others] = missed;
    if (first?.number !== number + 1) return this.full();
    return others.length === 0 ? first : { number: this.#number, full: false, symbols: merged(missed) };
  }

  /** Calls `heard` after each new snapshot; the returned function ends it. */
  listen(heard: (snapshot: Snapshot) => void): () => void {
    this.#listeners.add(heard);
    return () => {
      this.#listeners.delete(heard);
      if (this.#listeners.size === 0) this.#lingersUntil = this.#clock.monotonic() + lingerMs;
    };
  }

  /** Makes no further snapshot. */
  close(): void {
    this.#listeners.clear();
    this.#rest();
  }

  #publish(): void {
    this.#cancel = undefined;
    const symbols = [...this.#lines].flatMap(([symbol, trades]) => {
      const price = this.#latest.get(symbol);
      return price ? [{ ...price, trades }] : [];
    });
    this.#lines.clear();
    const snapshot = { number: ++this.#number, full: false, symbols };
    this.#recent.push(snapshot);
    this.#changes += symbols.length;
    while (this.#recent.length > mostSnapshots || this.#changes > mostChanges)
      this.#changes -= this.#recent.shift()?.symbols.length ?? 0;
    for (const heard of this.#listeners) heard(snapshot);
  }

  /** Nobody comes back for the snapshots: whoever holds the number of one gets everything. */
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

/** The last price of each symbol, and its lines in all. */
function merged(snapshots: readonly Snapshot[]): Snapshot['symbols'] {
  const symbols = new Map<string, Snapshot['symbols'][number]>();
  for (const change of snapshots.flatMap((snapshot) => snapshot.symbols)) {
    const trades = (symbols.get(change.symbol)?.trades ?? 0) + change.trades;
    symbols.set(change.symbol, { ...change, trades });
  }
  return [...symbols.values()];
}
