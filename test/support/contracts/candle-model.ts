import fc from 'fast-check';
import { expect } from 'vitest';
import { candles } from '../../../operators/candles.ts';
import type { Message } from '../../../src/kit/message.ts';
import type { Row } from '../../../src/kit/row.ts';
import { operator } from '../../operators/declared.ts';
import { runOperators } from '../engine/operators.ts';
import { plain } from './bar-model.ts';
import type { TestTable } from './table-harness.ts';

export interface Trade {
  readonly symbol: string;
  /** In ten-thousandths. */
  readonly price: number;
  /** In thousandths. */
  readonly volume: number;
  readonly time: number;
  readonly received: number;
  readonly counts: readonly boolean[];
}

const day = Date.parse('2025-07-03T00:00:00Z');
const minute = 60_000;
/** Around the open, around the early close, at night, and on the next day, which is a holiday. */
const time = fc
  .tuple(
    fc.constantFrom(13 * 60 + 29, 13 * 60 + 30, 13 * 60 + 31, 16 * 60 + 59, 17 * 60, 3 * 60 + 59, 4 * 60, 38 * 60),
    fc.constantFrom(0, 1, 30_000, 59_999),
  )
  .map(([minutes, ms]) => day + minutes * minute + ms);
/** Trades with equal times, no volume, no or partial effect on bars, late trades, and the edges of a session. */
export const trade = fc.record({
  symbol: fc.constantFrom('A', 'B|1m'),
  price: fc.integer({ min: -(10 ** 7), max: 10 ** 7 }),
  volume: fc.oneof(fc.constant(0), fc.nat(10 ** 7)),
  time,
  received: fc.nat(10 * minute).map((ms) => day + 17 * 60 * minute + ms),
  counts: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
});
export const lanes = ['a/t/0', 'a/t/1'];
export const every = ['1m', '5m', '1h', '1d'];
const lengths = [minute, 5 * minute, 60 * minute, 24 * 60 * minute];
const steps = [operator(candles, `{ every: [${every}], store: [${every}], calendar: XNYS, session: regular }`)];

/** The changes made by the trades of a lane, in log order. */
export async function changesOf(trades: readonly Trade[], lane: string): Promise<readonly Message[]> {
  const values = trades.map(({ price, volume, counts, ...rest }) => ({
    ...rest,
    ...{ price: price / 1e4, volume: volume / 1e3 },
    ...{ counts_price: counts[0], counts_range: counts[1], counts_volume: counts[2] },
  }));
  const { out, context } = await runOperators(steps, values, {
    lane: { id: lane, signal: new AbortController().signal },
  });
  expect(context.rejections).toEqual([]);
  return out;
}

/** The rows made by the trades of the lanes, computed by brute force with big integers from the definition. */
export function rowsOf(logs: readonly (readonly Trade[])[]): readonly Row[] {
  const all = logs.flatMap((log, lane) => log.map((each, offset) => ({ ...each, lane, offset })));
  const open = day + (13 * 60 + 30) * minute;
  const close = day + 17 * 60 * minute;
  // 2025-07-03 begins at 4:00 UTC and has no trades that count before its open; the 4th is a holiday.
  const counted = all.filter((each) => each.time >= open && each.time < close && each.counts.includes(true));
  const rows = every.flatMap((interval, index) => {
    const ms = lengths[index] ?? 0;
    const startOf = ({ time: at }: Trade) => day + 4 * 60 * minute + Math.floor((at - day - 4 * 60 * minute) / ms) * ms;
    const keys = [...new Set(counted.map((each) => `${each.symbol}\n${startOf(each)}`))];
    return keys.map((key) => {
      const [symbol = '', start] = key.split('\n');
      const own = counted.filter((each) => each.symbol === symbol && startOf(each) === Number(start));
      const ordered = [...own].sort((a, b) => a.time - b.time || a.lane - b.lane || a.offset - b.offset);
      const [priced, ranged, weighed] = [0, 1, 2].map((which) => ordered.filter(({ counts }) => counts[which]));
      const both = (ranged ?? []).filter(({ counts }) => counts[2]);
      const sum = (trades: readonly Trade[], of: (each: Trade) => number | bigint) =>
        trades.reduce((total, each) => total + BigInt(of(each)), 0n);
      const prices = (ranged ?? []).map(({ price }) => price);
      const price = (value: number | undefined) => (value === undefined ? null : plain(BigInt(value), 4));
      return {
        key: `${symbol.replaceAll('|', '\\|')}|${interval}|${start}`,
        ...{ symbol, interval, start: Number(start) },
        ...{ open: price(priced?.[0]?.price), close: price(priced?.at(-1)?.price) },
        high: price(prices.length > 0 ? Math.max(...prices) : undefined),
        low: price(prices.length > 0 ? Math.min(...prices) : undefined),
        volume: plain(
          sum(weighed ?? [], (each) => each.volume),
          3,
        ),
        turnover: plain(
          sum(both, (each) => BigInt(each.price) * BigInt(each.volume)),
          7,
        ),
        counted_volume: plain(
          sum(both, (each) => each.volume),
          3,
        ),
        trades: weighed?.length,
        late_trades: own.filter(({ received }) => received > Number(start) + ms + 2000).length,
        ...{ first_at: ordered[0]?.time, last_at: ordered.at(-1)?.time },
      };
    });
  });
  return rows.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The rows of a table in the form of `rowsOf`. */
export const stored = async (table: Pick<TestTable, 'find'>): Promise<readonly Row[]> => {
  const rows = await table.find({ sort: [{ field: 'key', descending: false }] });
  const empty = { open: null, high: null, low: null, close: null };
  return rows.map(({ _id, ...row }) => ({ ...empty, ...row }));
};
