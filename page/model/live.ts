import type { Bar } from './bars.ts';
import type { Quote } from './market.ts';

/** What an event of the stream tells of one symbol: its trades since the event before, in one. */
export interface Tick {
  /** When the last of them was made, Unix ms. */
  readonly time: number;
  /** When it was heard of, by the server's clock, Unix ms. */
  readonly heardAt: number;
  readonly price: number;
  readonly high: number;
  readonly low: number;
}

/** Kept for what is not stored: ten minutes of events. */
const mostTicks = 2400;
/** A trade that was heard of is stored after so long, ms, where anything of its time is. */
const settleMs = 3000;

export function tickOf({ time, price, high, low }: Quote, heardAt: number): Tick {
  return { time, heardAt, price, high, low };
}

export function withTick(ticks: readonly Tick[], tick: Tick): readonly Tick[] {
  return [...ticks.slice(1 - mostTicks), tick];
}

/** The ticks that bars read at `askedAt` need not contain yet: the others are in them, or do not count for them. */
export function unsettled(ticks: readonly Tick[], bars: readonly Bar[], askedAt: number): readonly Tick[] {
  const stored = bars.at(-1)?.end ?? Number.NEGATIVE_INFINITY;
  return ticks.filter(({ time, heardAt }) => time >= stored || heardAt > askedAt - settleMs);
}

/**
 * The bars with the newest trades on top of the last one, and bars of `ms` begun with those after it. What belongs to an
 * earlier bar waits until it is stored.
 */
export function withTicks(bars: readonly Bar[], ticks: readonly Tick[], ms: number): readonly Bar[] {
  const added: Bar[] = [];
  let last = bars.at(-1);
  for (const tick of ticks) {
    if (last && tick.time < last.start) continue;
    if (last && tick.time < last.end) last = touched(last, tick);
    else {
      if (last) added.push(last);
      last = begun(tick, startOf(tick.time, last, ms), ms);
    }
  }
  if (!last) return bars;
  return [...bars.slice(0, -1), ...added, last];
}

/** Bars follow each other from the last one on; without one they are counted from the epoch. */
function startOf(time: number, last: Bar | undefined, ms: number): number {
  const base = last?.end ?? 0;
  return base + Math.floor((time - base) / ms) * ms;
}

function touched(bar: Bar, { price, high, low }: Tick): Bar {
  return { ...bar, high: Math.max(bar.high, high), low: Math.min(bar.low, low), close: price };
}

function begun({ price, high, low }: Tick, start: number, ms: number): Bar {
  return {
    ...{ start, end: start + ms, open: price, high, low, close: price },
    ...{ volume: undefined, vwap: undefined, trades: undefined, lateTrades: 0, gapMs: 0, state: 'open' },
  };
}
