import type { Bar } from './bar.ts';
import { LiveTrades, type Tick } from './live-trades.ts';

/** The next request for bars. */
export interface BarQuery {
  /** Number of bars, the newest ones. */
  readonly limit: number;
  /** True if it is for all bars of the series. */
  readonly isWhole: boolean;
  /** Unix ms. */
  readonly askedAt: number;
}

interface SeriesOptions {
  readonly lengthMs: number;
  /** Maximum number of stored bars. */
  readonly most: number;
  /** A bar that is not stored this long after its first trade was received is left out, ms; otherwise it is shown. */
  readonly graceMs?: number;
}

/** Number of newest bars that most requests are for: late trades may change them. */
const fewBars = 3;
/**
 * Interval at which all bars are requested, since older ones may have been corrected: at least `wholeMs`, and for long
 * bars a fraction of their length.
 */
const wholeMs = 60_000;
const wholePart = 60;

/**
 * The bars of one symbol in one interval: those that the API has, with the trades that a feed has shown since. Knows
 * what to request next; requests nothing itself.
 */
export class BarSeries {
  #options: Required<SeriesOptions>;
  readonly #live = new LiveTrades();
  #stored: readonly Bar[] | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #wholeAt: number | undefined;

  constructor({ graceMs = Number.POSITIVE_INFINITY, ...options }: SeriesOptions) {
    this.#options = { ...options, graceMs };
  }

  /** False until the API has answered. */
  get isRead(): boolean {
    return this.#stored !== undefined;
  }

  /** Oldest first, one per start. */
  get bars(): readonly Bar[] {
    return this.#live.over({ bars: this.#stored ?? [], askedAt: this.#askedAt }, this.#options);
  }

  take(tick: Tick): void {
    this.#live.take(tick);
  }

  /** What to request now (Unix ms): all bars at first, after a failure and from time to time, otherwise the newest. */
  query(now: number): BarQuery {
    const { lengthMs, most } = this.#options;
    const sinceWhole = this.#wholeAt === undefined ? Number.NaN : now - this.#wholeAt;
    const isRecent = sinceWhole >= 0 && sinceWhole < Math.max(wholeMs, lengthMs / wholePart);
    const isWhole = !this.#stored?.length || !isRecent || most <= fewBars;
    return { limit: isWhole ? most : fewBars, isWhole, askedAt: now };
  }

  /** Takes an answer, oldest first. False if bars may be missing before it: the next query is for all. */
  answer({ isWhole, askedAt }: BarQuery, bars: readonly Bar[]): boolean {
    const [first, last] = [bars[0], this.#stored?.at(-1)];
    if (!isWhole && first && (!last || first.start > last.start)) {
      this.fail();
      return false;
    }
    if (isWhole) this.#wholeAt = askedAt;
    this.#askedAt = askedAt;
    this.#stored = (isWhole ? kept(this.#stored, bars) : merged(this.#stored ?? [], bars)).slice(-this.#options.most);
    this.#live.settle({ bars: this.#stored, askedAt });
    return true;
  }

  /** A request has failed: the next one is for all. */
  fail(): void {
    this.#wholeAt = undefined;
  }

  /** The next request is for up to `most` bars. */
  resize(most: number): void {
    this.#options = { ...this.#options, most };
    this.fail();
  }
}

/** The newer bars, and the known ones from before the first of them. */
function merged(known: readonly Bar[], newer: readonly Bar[]): readonly Bar[] {
  const [first] = newer;
  return first ? [...known.filter(({ start }) => start < first.start), ...kept(known, newer)] : known;
}

/** The newer bars; an unchanged one is the same object as before, so that it is not drawn again. */
function kept(known: readonly Bar[] | undefined, newer: readonly Bar[]): readonly Bar[] {
  const before = new Map(known?.map((bar) => [bar.start, bar]));
  return newer.map((bar) => {
    const held = before.get(bar.start);
    return held && isSame(held, bar) ? held : bar;
  });
}

function isSame(one: Bar, other: Bar): boolean {
  return (Object.keys(one) as (keyof Bar)[]).every((name) => one[name] === other[name]);
}
