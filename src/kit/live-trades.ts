import type { Bar } from './bar.ts';

/** A trade of a feed, or several of one message. */
export interface Tick {
  /** When the last of them was made, Unix ms. */
  readonly time: number;
  /** When they were received, Unix ms of the clock that dates requests. */
  readonly heardAt: number;
  readonly price: number;
  /** The highest and lowest of several. */
  readonly high?: number;
  readonly low?: number;
}

/** What is known besides the trades. */
interface Stored {
  /** Oldest first. */
  readonly bars: readonly Bar[];
  /** When they were requested, Unix ms. */
  readonly askedAt: number;
}

/** The trades of one second. No bar begins within a second, so a second is in one bar, whichever bars are known. */
interface Second {
  readonly heardFirst: number;
  heardLast: number;
  readonly first: { time: number; price: number };
  readonly last: { time: number; price: number };
  high: number;
  low: number;
}

/** Seconds kept at most: 40 minutes of trades. */
const mostSeconds = 2400;
/** After this long a received trade is stored, if any trade of its time is, ms. */
const settleMs = 3000;

/**
 * The trades that stored bars may lack. The bars with them are the same in whichever order trades and bars arrived, and
 * however often; of trades of the same ms the last to arrive is the last. `take` runs in constant time.
 */
export class LiveTrades {
  readonly #seconds = new Map<number, Second>();

  take({ time, heardAt, price, high = price, low = price }: Tick): void {
    const key = Math.floor(time / 1000);
    const known = this.#seconds.get(key);
    if (known) {
      add(known, { time, heardAt, price, high, low });
      return;
    }
    const made = { first: { time, price }, last: { time, price }, high, low };
    this.#seconds.set(key, { heardFirst: heardAt, heardLast: heardAt, ...made });
    const [oldest] = this.#seconds.keys();
    if (this.#seconds.size > mostSeconds && oldest !== undefined) this.#seconds.delete(oldest);
  }

  /** Forgets the trades that these bars have, or that don't count for them. */
  settle({ bars, askedAt }: Stored): void {
    const end = bars.at(-1)?.end ?? Number.NEGATIVE_INFINITY;
    for (const [key, { heardLast }] of this.#seconds)
      if (key * 1000 < end && heardLast <= askedAt - settleMs) this.#seconds.delete(key);
  }

  /**
   * The bars with these trades: those within the last bar change it, later ones begin bars of `lengthMs`, aligned with
   * the last one; earlier ones wait until they are stored. A bar that was not stored `graceMs` after its first trade
   * was received is left out: its trades don't count.
   */
  over({ bars, askedAt }: Stored, { lengthMs, graceMs }: { lengthMs: number; graceMs: number }): readonly Bar[] {
    const stored = bars.at(-1);
    const base = stored?.end ?? 0;
    const begun = new Map<number, Second[]>();
    let last = stored;
    for (const [key, second] of [...this.#seconds].sort(([one], [other]) => one - other)) {
      const time = key * 1000;
      if (stored && time < stored.start) continue;
      const start = base + Math.floor((time - base) / lengthMs) * lengthMs;
      if (last && time < base) last = moved(last, second);
      else if (!begun.get(start)?.push(second)) begun.set(start, [second]);
    }
    const isShown = (seconds: readonly Second[]) =>
      askedAt <= Math.min(...seconds.map(({ heardFirst }) => heardFirst)) + graceMs;
    const added = [...begun].filter(([, seconds]) => isShown(seconds));
    return [...bars.slice(0, -1), ...(last ? [last] : []), ...added.map((each) => begunBar(...each, lengthMs))];
  }
}

function add(known: Second, { time, heardAt, price, high, low }: Required<Tick>): void {
  known.heardLast = Math.max(known.heardLast, heardAt);
  known.high = Math.max(known.high, high);
  known.low = Math.min(known.low, low);
  if (time < known.first.time) Object.assign(known.first, { time, price });
  if (time >= known.last.time) Object.assign(known.last, { time, price });
}

function moved(bar: Bar, { high, low, last }: Second): Bar {
  return { ...bar, high: Math.max(bar.high, high), low: Math.min(bar.low, low), close: last.price };
}

function begunBar(start: number, [first, ...more]: readonly Second[], lengthMs: number): Bar {
  const open = first?.first.price ?? Number.NaN;
  const bar: Bar = {
    ...{ start, end: start + lengthMs, open, high: open, low: open, close: open },
    ...{ volume: undefined, vwap: undefined, trades: undefined, lateTrades: 0, gapMs: 0, state: 'open' },
  };
  return [...(first ? [first] : []), ...more].reduce(moved, bar);
}
