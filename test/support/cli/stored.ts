import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect } from 'vitest';
import type { DeadLetter } from '../../../src/kit/dead-letter.ts';
import { expectedStores, type OracleRecord, type Stores } from '../engine/oracle.ts';
import { eventually } from './platform.ts';

// Reads the files of the embedded profile as another program would: with SQL, without code of fdp.

export type Columns = Readonly<Record<string, unknown>>;

/** The rows of a query; empty while the file or its tables don't exist. */
export function rowsOf(path: string, sql: string, ...values: readonly (string | number)[]): readonly Columns[] {
  if (!existsSync(path)) return [];
  const db = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
  try {
    return db.prepare(sql).all(...values) as readonly Columns[];
  } catch (error) {
    if (error instanceof Error && /no such table|unable to open/.test(error.message)) return [];
    throw error;
  } finally {
    db.close();
  }
}

export interface LogRow extends OracleRecord {
  readonly key: string | null;
}

/** The records of a topic in `log.db`, by partition and offset; bytes as text. */
export function logOf(folder: string, topic = 'raw_stock_ticks'): readonly LogRow[] {
  const sql = `SELECT r.partition, r.offset, r.key, r.value FROM fdp_records r JOIN fdp_topics t ON t.topic = r.topic
    WHERE t.name = ? ORDER BY r.partition, r.offset`;
  return rowsOf(join(folder, 'log.db'), sql, topic).map(({ partition, offset, key, value }) => ({
    partition: Number(partition),
    offset: Number(offset),
    key: key === null ? null : String(key),
    value: value instanceof Uint8Array ? Buffer.from(value).toString() : String(value),
  }));
}

/** The dead letters in `log.db`. */
export function lettersOf(folder: string): readonly DeadLetter[] {
  return logOf(folder, 'raw_stock_ticks.rejected').map(({ value }) => JSON.parse(value));
}

/** The content of `store.db`, in the form of the oracle. */
export function storesOf(folder: string): Stores {
  const path = join(folder, 'store.db');
  const trades = rowsOf(path, 'SELECT message_key FROM finnhub_trades ORDER BY message_key');
  const symbols = rowsOf(path, 'SELECT symbol, tradeCount, lastTradeAt FROM symbols');
  return {
    trades: trades.map(({ message_key: key }) => String(key)).sort(),
    symbols: Object.fromEntries(
      symbols.map((row) => [String(row['symbol']), [Number(row['tradeCount']), Number(row['lastTradeAt'])]]),
    ),
  };
}

/** Number of rows in `finnhub_trades`. */
export function storedTrades(folder: string): number {
  const [row] = rowsOf(join(folder, 'store.db'), 'SELECT count(*) AS n FROM finnhub_trades');
  return Number(row?.['n'] ?? 0);
}

/** Waits until the stores have everything in the log, and fails if they contain anything else. */
export async function expectStoredOnce(folder: string): Promise<Stores> {
  const expected = expectedStores(logOf(folder));
  await eventually(
    `${expected.trades.length} trades stored`,
    async () => storedTrades(folder) >= expected.trades.length,
  );
  const counted = (stores: Stores) => Object.values(stores.symbols).reduce((sum, [count]) => sum + count, 0);
  await eventually('every stored trade counted', async () => counted(storesOf(folder)) >= expected.trades.length);
  expect(storesOf(folder)).toEqual(expected);
  return expected;
}
