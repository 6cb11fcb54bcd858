import type { Bar } from './bars.ts';
import type { Quote } from './market.ts';

/** A symbol's trades in one event of the stream, combined. */
export interface Tick {
  /** When the last of these trades was made, Unix ms. */
  readonly time: number;
  /** When the event was received, by the server's clock, Unix ms. */
  readonly heardAt: number;
  readonly price: number;
  readonly high: number;
  readonly low: number;
}

/** Maximum number of ticks kept until they are stored: ten minutes of events. */
const mostTicks = 2400;
/** After this long a received trade is stored, if any trade of its time is, ms. */
const settleMs = 3000;

export function tickOf({ time, price, high, low }: Quote, heardAt: number): Tick {
  return { time, heardAt, price, high, low };
}

export function withTick(ticks: readonly Tick[], tick: Tick): readonly Tick[] {
  return [...ticks.slice(1 - mostTicks), tick];
}

/** The ticks that the bars read at `askedAt` may lack; the others are in the bars, or don't count for them. */
export function unsettled(ticks: readonly Tick[], bars: readonly Bar[], askedAt: number): readonly Tick[] {
  const stored = bars.at(-1)?.end ?? Number.NEGATIVE_INFINITY;
  return ticks.filter(({ time, heardAt }) => time >= stored || heardAt > askedAt - settleMs);
}

/**
 * The bars, updated with ticks: those within the last bar change it, later ones begin bars of `ms`. Ticks before the
 * last bar are ignored until they are stored.
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

/** New bars are aligned with the last bar; without one, with the epoch. */
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
