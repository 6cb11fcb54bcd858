import type { Row } from '../../../kit/row.ts';
import { durationMs } from '../../../kit/units.ts';
import type { BarsRead } from '../requests/known-route.ts';
import { barAround, nameOf } from './bars.ts';
import { exact, plainText } from './exact.ts';
import type { Parameters } from './found.ts';
import type { Hours } from './hours.ts';

export interface BarsAsked {
  /** Of the table of bars, and of that of gaps. */
  readonly rows: readonly Row[];
  readonly gaps: readonly Row[];
  readonly hours: Hours;
  /** Unix ms: what is not over then is not complete. */
  readonly now: number;
}

/** Digits that a VWAP has beyond those of the lowest and the highest price. */
const moreDigits = 4;

/**
 * The bars that `bars` gives: the stored rows of each bar are put together, and looked at at once. Undefined for a question that has
 * no answer.
 */
export function shownBars(read: BarsRead, parameters: Parameters, asked: BarsAsked): readonly Row[] | undefined {
  const { symbol, interval, from, to, limit } = parameters as Readonly<Record<string, number | undefined>>;
  const ms = read.every.map(durationMs).find((each) => nameOf(each) === String(interval));
  if (ms === undefined || (from !== undefined && to !== undefined && from > to)) return undefined;
  const stored = storedFor(read, ms);
  const rows = asked.rows.filter((row) => row['symbol'] === symbol && row['interval'] === nameOf(stored));
  const bars = new Map<number, { readonly end: number; readonly rows: Row[] }>();
  for (const row of rows) {
    const { start, end } = barAround(asked.hours, Number(row['start']), ms);
    if ((from !== undefined && start < from) || (to !== undefined && start >= to)) continue;
    const bar = bars.get(start) ?? { end, rows: [] };
    bars.set(start, bar);
    bar.rows.push(row);
  }
  const firstInTime = Math.min(...rows.filter(isInTime).map((row) => Number(row['start'])));
  const gaps = asked.gaps.filter((row) => row['symbol'] === symbol);
  const shown = [...bars].map(([start, { end, rows: own }]) => {
    const gap_ms = awayIn(gaps, { start, end, now: asked.now });
    const complete = firstInTime < start && end <= asked.now && (read.gaps === undefined || gap_ms === 0);
    return {
      ...(read.isStream && { symbol }),
      ...{ start, end, interval, ...amountsOf(own) },
      ...(read.gaps !== undefined && { gap_ms }),
      complete,
    };
  });
  const sorted = shown.sort((one, other) => one.start - other.start);
  return read.isStream ? sorted : sorted.reverse().slice(0, limit);
}

/** The longest of the stored bars that divides one of this length, ms. */
function storedFor({ every, store }: BarsRead, ms: number): number {
  const lengths = every.map(durationMs);
  const stored = store?.map(durationMs) ?? [Math.min(...lengths)];
  return Math.max(...stored.filter((each) => ms % each === 0));
}

/** Has it a trade that did not come late? */
function isInTime({ trades, late_trades }: Row): boolean {
  return Number(trades) > Number(late_trades);
}

function amountsOf(rows: readonly Row[]): Row {
  const ordered = [...rows].sort((one, other) => Number(one['start']) - Number(other['start']));
  const values = (field: string) => ordered.map((row) => row[field]).filter((value) => value !== null);
  const sum = (field: string) => values(field).reduce<bigint>((total, value) => total + exact(value), 0n);
  const count = (field: string) => values(field).reduce<number>((total, value) => total + Number(value), 0);
  const byValue = (field: string) => {
    return [...values(field)].sort((one, other) =>
      exact(one) < exact(other) ? -1 : Number(exact(one) > exact(other)),
    );
  };
  const [low = null, high = null] = [byValue('low')[0], byValue('high').at(-1)];
  return {
    ...{ open: values('open')[0] ?? null, high, low, close: values('close').at(-1) ?? null },
    volume: plainText(sum('volume')),
    vwap: vwapOf([low, high], sum('turnover'), sum('counted_volume')),
    ...{ trades: count('trades'), late_trades: count('late_trades') },
  };
}

/** The quotient, rounded half up to a few digits more than the prices have. */
function vwapOf([low, high]: readonly [unknown, unknown], turnover: bigint, volume: bigint): string | null {
  if (low === null || high === null || volume <= 0n) return null;
  const digits = Math.max(...[low, high].map((text) => String(text).split('.')[1]?.length ?? 0)) + moreDigits;
  const power = 10n ** BigInt(digits);
  const rest = (((turnover * power) % volume) + volume) % volume;
  const whole = (turnover * power - rest) / volume + (2n * rest >= volume ? 1n : 0n);
  const rounded = (whole * exact(1)) / power;
  const [least, most] = [exact(low), exact(high)];
  return plainText(rounded < least ? least : rounded > most ? most : rounded);
}

/** How long a feed was away in a bar: the time is cut where a gap begins or ends, and each piece is in one or in none. */
function awayIn(
  gaps: readonly Row[],
  { start, end, now }: { readonly start: number; readonly end: number; readonly now: number },
): number {
  const spans = gaps
    .filter((row) => row['state'] !== 'filled')
    .map((row) => [Number(row['from']), Math.min(Number(row['to']), now)] as const);
  const cuts = spans.flat().filter((time) => time > start && time < end);
  const times = [...new Set([start, ...cuts, end])].sort((one, other) => one - other);
  let sum = 0;
  for (const [at, from] of times.slice(0, -1).entries()) {
    const to = times[at + 1] as number;
    if (spans.some(([begin, over]) => begin <= from && over >= to)) sum += to - from;
  }
  return sum;
}
