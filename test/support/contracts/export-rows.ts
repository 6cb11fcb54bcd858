import type { Row } from '../../../src/kit/row.ts';
import type { ExportRow } from '../sockets/export-world.ts';

/** The time of the first row. */
export const start = Date.UTC(2026, 0, 5, 14, 30);
const note = 'x'.repeat(1000);

/** Trades of a symbol, seven in a millisecond. */
export function rowsOf(
  symbol: string,
  count: number,
  more: (n: number) => Partial<ExportRow> = () => ({}),
): ExportRow[] {
  return Array.from({ length: count }, (_, n) => ({
    ...{ symbol, price: `${n}.00000012`, time: start + Math.floor(n / 7), size: n },
    ...{ conditions: ['@', 'I'], note: n === 3 ? 'a "quoted",\nline' : null },
    ...more(n),
  }));
}

/** More than the buffers between two sockets can hold. */
export const big = rowsOf('BIG', 30_000, () => ({ note }));
export const rows = [
  ...rowsOf('AAPL', 2500),
  ...rowsOf('=1+1', 3, (n) => ({ note: ['@SUM(A1)', '-2.5', '+cmd'][n] ?? null })),
  ...rowsOf('../a"/😀ü', 1),
  ...rowsOf('LATE', 2500, (n) => (n === 2200 ? { conditions: [] } : {})),
  ...rowsOf('SOON', 2500, (n) => (n === 5 ? { conditions: [] } : {})),
  ...big,
];

/** Bars of a minute, from a full hour on. */
export function barRows(count: number): Row[] {
  return Array.from({ length: count }, (_, n) => {
    const at = start - 30 * 60_000 + n * 60_000;
    return {
      ...{ key: `AAPL|1m|${at}`, symbol: 'AAPL', interval: '1m', start: at, first_at: at, last_at: at },
      ...{ open: '1', high: '2.5', low: '1', close: '2', volume: '1.5', turnover: '3', counted_volume: '1.5' },
      ...{ trades: 2, late_trades: 0 },
    };
  });
}
