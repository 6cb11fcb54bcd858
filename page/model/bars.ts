import type { StoredBar } from './contract.ts';

/** `open`: the bar has not ended; `incomplete`: it has, and some of its trades are missing. */
type BarState = 'open' | 'complete' | 'incomplete';

/** A bar of the chart: the stored bar, updated with the newest trades. */
export interface Bar {
  /** Unix ms; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Undefined while the bar is not stored. */
  readonly volume: number | undefined;
  readonly vwap: number | undefined;
  readonly trades: number | undefined;
  readonly lateTrades: number;
  /** How long the feed was disconnected during the bar, ms. */
  readonly gapMs: number;
  readonly state: BarState;
}

/** The length of an interval such as `1m`, ms; undefined if the name is not an interval. */
export function intervalMs(name: string): number | undefined {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(name) ?? [];
  const size = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  return size === undefined ? undefined : Number(count) * size;
}

/** How long after its end a bar may take to be complete, ms. */
const settling = 2000;

/**
 * Converts bars from the API (newest first), read at `readAt` (Unix ms), to bars in order of time. Bars without a price
 * are left out.
 */
export function barsOf(rows: readonly StoredBar[], readAt: number): readonly Bar[] {
  return rows
    .map((row) => barOf(row, readAt))
    .filter(({ start, end, open, high, low, close }) => [start, end, open, high, low, close].every(Number.isFinite))
    .sort((a, b) => a.start - b.start);
}

function barOf(row: StoredBar, readAt: number): Bar {
  const [start, end] = [Date.parse(row.start), Date.parse(row.end)];
  const isOpen = end + settling > readAt;
  return {
    ...{ start, end },
    ...{ open: read(row.open), high: read(row.high), low: read(row.low), close: read(row.close) },
    volume: Number(row.volume),
    vwap: row.vwap === null ? undefined : Number(row.vwap),
    trades: row.trades,
    lateTrades: row.late_trades,
    gapMs: row.gap_ms ?? 0,
    state: row.complete ? 'complete' : isOpen ? 'open' : 'incomplete',
  };
}

function read(price: string | null): number {
  return price === null ? Number.NaN : Number(price);
}

/** Merges bars with newer ones, which replace the old ones; the newest `most` are kept. */
export function withBars(bars: readonly Bar[], newer: readonly Bar[], most: number): readonly Bar[] {
  const [first] = newer;
  if (!first) return bars;
  const all = new Map([...bars, ...known(bars, newer)].map((bar) => [bar.start, bar]));
  return [...all.values()].sort((a, b) => a.start - b.start).slice(-most);
}

/** The newer bars; an unchanged one is the same object as before, so that it is not drawn again. */
export function known(bars: readonly Bar[], newer: readonly Bar[]): readonly Bar[] {
  const before = new Map(bars.map((bar) => [bar.start, bar]));
  return newer.map((bar) => {
    const held = before.get(bar.start);
    return held && isSame(held, bar) ? held : bar;
  });
}

function isSame(one: Bar, other: Bar): boolean {
  return (Object.keys(one) as (keyof Bar)[]).every((name) => one[name] === other[name]);
}

/** True if no bar can be missing between the known bars and the newer ones. */
export function isConnected(bars: readonly Bar[], newer: readonly Bar[]): boolean {
  const [last, first] = [bars.at(-1), newer[0]];
  return last !== undefined && first !== undefined && first.start <= last.start;
}
