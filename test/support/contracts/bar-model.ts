import type { Row } from '../../../src/kit/row.ts';

/** A trade that counts for all fields of a bar; price in ten-thousandths, volume in thousandths, times in Unix ms. */
export interface ModelTrade {
  readonly symbol: string;
  readonly price: number;
  readonly volume: number;
  readonly time: number;
  readonly received: number;
}

const minute = 60_000;
const lengths: Readonly<Record<string, number>> = { '1m': minute, '5m': 5 * minute, '1h': 60 * minute };
const format = new Map<string, Intl.DateTimeFormat>();

/** The date of an instant in a time zone. */
function dateIn(zone: string, time: number): string {
  const known = format.get(zone) ?? new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' });
  format.set(zone, known);
  return known.format(time);
}

/** The start of an instant's day, or of the next day. UTC offsets are multiples of 15 minutes. */
function dayEdge(zone: string, time: number, step: 1 | -1): number {
  const quarter = 15 * minute;
  let at = Math.floor(time / quarter) * quarter;
  while (dateIn(zone, step === 1 ? at : at - 1) === dateIn(zone, time)) at += step * quarter;
  return at;
}

/** Start and end of the bar that contains a time, found with `Intl` alone. */
export function barEdges(
  zone: string,
  interval: string,
  time: number,
): { readonly start: number; readonly end: number } {
  const [first, end] = [dayEdge(zone, time, -1), dayEdge(zone, time, 1)];
  const ms = lengths[interval];
  if (ms === undefined) return { start: first, end };
  const start = first + Math.floor((time - first) / ms) * ms;
  return { start, end: Math.min(start + ms, end) };
}

/** The decimal digits of an integer in units of 10^-`scale`. */
export function plain(units: bigint, scale: number): string {
  const text = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const shown = `${text.slice(0, -scale)}.${text.slice(-scale)}`.replace(/\.?0+$/, '');
  return units < 0n ? `-${shown}` : shown;
}

/** The bars of a symbol, newest first, by brute force from the trades in log order, without `vwap` and `complete`. */
export function barsOf(zone: string, interval: string, trades: readonly ModelTrade[]): readonly Row[] {
  const ordered = trades.map((trade, offset) => ({ ...trade, offset }));
  ordered.sort((a, b) => a.time - b.time || a.offset - b.offset);
  const bars = new Map<number, ModelTrade[]>();
  for (const trade of ordered) {
    const { start } = barEdges(zone, interval, trade.time);
    bars.set(start, [...(bars.get(start) ?? []), trade]);
  }
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + BigInt(value), 0n);
  const made = [...bars].map(([start, own]): Row => {
    const prices = own.map(({ price }) => price);
    const price = (value: number | undefined) => plain(BigInt(value ?? 0), 4);
    return {
      ...{ start, end: barEdges(zone, interval, start).end, interval },
      ...{ open: price(prices[0]), high: price(Math.max(...prices)) },
      ...{ low: price(Math.min(...prices)), close: price(prices.at(-1)) },
      ...{ volume: plain(sum(own.map(({ volume }) => volume)), 3), trades: own.length },
      late_trades: own.filter(({ time, received }) => received > barEdges(zone, '1m', time).end + 2000).length,
    };
  });
  return made.sort((a, b) => Number(b['start']) - Number(a['start']));
}
