import type { StoredTrade } from './contract.ts';
import type { Quote } from './market.ts';

/** A place of the chart. */
export interface Point {
  /** Unix ms, a multiple of `pointMs`. */
  readonly time: number;
  readonly price: number;
  readonly vwap: number | undefined;
}

/** Trades that lie closer together than this share a point, ms: as often as prices come. */
export const pointMs = 250;
/** Points kept of a symbol: ten minutes of live prices. */
export const maxPoints = 2400;

/** The last price of each `pointMs` of a page of stored trades, oldest first. */
export function pointsOfTrades(trades: readonly StoredTrade[]): readonly Point[] {
  const last = new Map<number, Point>();
  // Newest first: the first one of a time is its last price.
  for (const { timestamp, price } of trades) {
    const time = slot(Date.parse(timestamp));
    if (!last.has(time)) last.set(time, { time, price: Number(price), vwap: undefined });
  }
  return sorted(last);
}

export function pointOfQuote({ time, price, vwap }: Quote): Point {
  return { time: slot(time), price, vwap };
}

/** Adds the newest point, or puts it in the place of the last one; a late one is left out. At most `maxPoints` are kept. */
export function withPoint(points: readonly Point[], point: Point): readonly Point[] {
  const last = points.at(-1);
  if (last !== undefined && point.time < last.time) return points;
  const kept = last?.time === point.time ? points.slice(0, -1) : points;
  return [...kept.slice(-(maxPoints - 1)), point];
}

/** What is stored, with what was heard live: the live ones win, for they know the VWAP. */
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
