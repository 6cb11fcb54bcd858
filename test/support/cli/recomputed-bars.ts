import type { OracleRecord } from '../engine/oracle.ts';
import type { Columns } from './stored.ts';

const minute = 60_000;
const digits = 9;

interface Trade {
  readonly s: string;
  readonly p: number;
  readonly t: number;
  readonly v: number;
}

/** Converts plain digits or a number's shortest text to units of 1e-9. */
export function units(value: unknown): bigint {
  const [, sign, whole = '', fraction = '', power = '0'] = /^(-?)(\d+)\.?(\d*)(?:e(-\d+))?$/.exec(String(value)) ?? [];
  const all = BigInt(whole + fraction.padEnd(digits, '0').slice(0, digits)) / 10n ** BigInt(-Number(power));
  return sign === '-' ? -all : all;
}

/**
 * Differences between the stored one-minute bars and the log, which is taken as correct. The bars are recomputed with
 * big integers, without code of fdp. The log is in order of partitions and offsets.
 */
export function wrongBars(rows: readonly Columns[], records: readonly OracleRecord[]): readonly string[] {
  const bars = new Map<string, Trade[]>();
  for (const { value } of records)
    for (const trade of (JSON.parse(value).data ?? []) as readonly Trade[]) {
      const key = `${trade.s}|1m|${Math.floor(trade.t / minute) * minute}`;
      const bar = bars.get(key);
      if (bar) bar.push(trade);
      else bars.set(key, [trade]);
    }
  const found = new Map(rows.map((row) => [String(row['key']), row]));
  const invented = [...found.keys()].filter((key) => !bars.has(key)).map((key) => `invented bar ${key}`);
  const wrong = [...bars].flatMap(([key, trades]) => {
    const [row, expected] = [found.get(key), barOf(trades)];
    const stored = row && barIn(row);
    return JSON.stringify(stored) === JSON.stringify(expected) ? [] : [`${key}: ${stored} instead of ${expected}`];
  });
  const doubled = rows.length === found.size ? [] : [`${rows.length - found.size} bars have more than one row`];
  return [...doubled, ...invented, ...wrong];
}

function barOf(trades: readonly Trade[]): readonly string[] {
  const ordered = [...trades].sort((a, b) => a.t - b.t);
  const prices = ordered.map(({ p }) => p);
  const volume = ordered.reduce((sum, { v }) => sum + units(v), 0n);
  const turnover = ordered.reduce((sum, { p, v }) => sum + units(p) * units(v), 0n);
  const amounts = [prices[0], Math.max(...prices), Math.min(...prices), prices.at(-1)].map(units);
  return [...amounts, volume, turnover / 10n ** BigInt(digits), trades.length, ordered[0]?.t, ordered.at(-1)?.t].map(
    String,
  );
}

function barIn(row: Columns): readonly string[] {
  const amounts = ['open', 'high', 'low', 'close', 'volume', 'turnover'].map((field) => units(row[field]));
  const times = ['first_at', 'last_at'].map((field) => Number(row[field]));
  return [...amounts, row['trades'], ...times].map(String);
}
