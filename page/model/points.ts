import type { StoredTrade } from './contract.ts';
import type { Quote } from './market.ts';

/** A point of the chart. */
export interface Point {
  /** Unix ms, a multiple of `pointMs`. */
  readonly time: number;
  readonly price: number;
  readonly vwap: number | undefined;
}

/** Trades within this time share a point, ms; prices arrive as often. */
export const pointMs = 250;
/** Maximum number of points kept per symbol: ten minutes of live prices. */
export const maxPoints = 2400;

interface History {
  /** The window of the feed's VWAP in trades; if unknown, stored trades have no VWAP. */
  readonly window: number | undefined;
  /** Whether the trades include the oldest one stored. */
  readonly isWhole: boolean;
  /** Trades dated later than this are left out, Unix ms: no newer point could follow them. */
  readonly now: number;
}

/**
 * Stored trades as points, one per `pointMs` with its last price, oldest first. The VWAP is computed like the feed's;
 * it is undefined where its window begins before the first trade.
 */
export function pointsOfTrades(trades: readonly StoredTrade[], { window, isWhole, now }: History): readonly Point[] {
  const read = trades
    .map(({ timestamp, price, volume }) => [Date.parse(timestamp), Number(price), Number(volume)] as const)
    .filter(([time, price]) => time <= now && Number.isFinite(price))
    .reverse();
  const points = new Map<number, Point>();
  for (const [index, [unixMs, price]] of read.entries()) {
    const time = slot(unixMs);
    const isKnown = window !== undefined && (isWhole || index + 1 >= window);
    // A newer trade replaces an older one.
    points.set(time, {
      time,
      price,
      vwap: isKnown ? vwapOf(read.slice(Math.max(0, index + 1 - window), index + 1)) : undefined,
    });
  }
  return sorted(points);
}

function vwapOf(trades: readonly (readonly [time: number, price: number, volume: number])[]): number | undefined {
  let [paid, traded] = [0, 0];
  for (const [, price, volume] of trades) {
    paid += price * volume;
    traded += volume;
  }
  return traded > 0 ? paid / traded : undefined;
}

export function pointOfQuote({ time, price, vwap }: Quote): Point {
  return { time: slot(time), price, vwap };
}

/** Appends the newest point, or replaces the last one; an older point is ignored. At most `maxPoints` are kept. */
export function withPoint(points: readonly Point[], point: Point): readonly Point[] {
  const last = points.at(-1);
  if (last !== undefined && point.time < last.time) return points;
  const kept = last?.time === point.time ? points.slice(0, -1) : points;
  return [...kept.slice(-(maxPoints - 1)), point];
}

/** Merges stored and live points: live ones replace stored ones, since they have the VWAP. */
export function merged(history: readonly Point[], live: readonly Point[]): readonly Point[] {
  const all = new Map([...history, ...live].map((point) => [point.time, point]));
  return sorted(all).slice(-maxPoints);
}

function slot(unixMs: number): number {
  return Math.floor(unixMs / pointMs) * pointMs;
}

function sorted(points: ReadonlyMap<number, Point>): readonly Point[] {
  return [...points.values()].sort((a, b) => a.time - b.time);
}
