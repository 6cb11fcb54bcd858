import type { Bar } from './bars.ts';

/** If the API has no bar for a trade this long after the feed has shown it, the trade does not count, ms. */
const graceMs = 10_000;
/** Bars for which feed lines are kept: only the last few can still change. */
const keptBars = 3;

/** The prices of the feed lines within one bar. */
interface Moves {
  readonly start: number;
  /** When the first line was received, Unix ms of this machine. */
  readonly seenAt: number;
  readonly open: number;
  high: number;
  low: number;
  close: number;
  lastTime: number;
}

/**
 * The feed lines since the API's last answer, applied to the last bars until the next answer replaces them. `take` runs
 * in constant time.
 */
export class LiveBars {
  readonly #lengthMs: number;
  #moves: Moves[] = [];

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  /** @param anchor the start of any bar of the series, Unix ms; @param seenAt Unix ms of this machine */
  take(line: { readonly price: number; readonly time: number }, anchor: number, seenAt: number): void {
    const { price, time } = line;
    const start = anchor + Math.floor((time - anchor) / this.#lengthMs) * this.#lengthMs;
    const found = this.#moves.find((moves) => moves.start === start);
    if (!found) {
      const begun = { start, seenAt, open: price, high: price, low: price, close: price, lastTime: time };
      this.#moves = [...this.#moves, begun].sort((a, b) => a.start - b.start).slice(-keptBars);
      return;
    }
    found.high = Math.max(found.high, price);
    found.low = Math.min(found.low, price);
    if (time < found.lastTime) return;
    found.close = price;
    found.lastTime = time;
  }

  /**
   * The bars with these lines applied: the last bar is updated, and bars after it are added. A bar that the API does
   * not have `graceMs` after its first line is left out: its trades are outside of the session, or do not count.
   * @param answeredAt when the bars were requested from the API, Unix ms of this machine
   */
  over(bars: readonly Bar[], answeredAt: number): readonly Bar[] {
    const last = bars.at(-1);
    if (!last) return bars;
    const moved = this.#moves.find(({ start }) => start >= last.start && start < last.end);
    const begun = this.#moves.filter(({ start, seenAt }) => start >= last.end && answeredAt <= seenAt + graceMs);
    return [
      ...bars.slice(0, -1),
      moved ? movedBar(last, moved) : last,
      ...begun.map((moves) => begunBar(moves, this.#lengthMs)),
    ];
  }
}

function movedBar(bar: Bar, { high, low, close }: Moves): Bar {
  return { ...bar, close, high: Math.max(bar.high, high), low: Math.min(bar.low, low) };
}

function begunBar({ start, open, high, low, close }: Moves, lengthMs: number): Bar {
  return {
    ...{ start, end: start + lengthMs, open, high, low, close },
    ...{ volume: undefined, isComplete: false, isCorrected: false, gapMs: 0 },
  };
}
