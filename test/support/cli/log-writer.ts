import { join } from 'node:path';
import type { NewRecord } from '../../../connectors/shared/log/store.ts';
import { SqliteLogStore } from '../../../connectors/sqlite-log/store.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';

/** Number of records so far: timestamps increase with it, like the receipt times in a real log. */
let written = 0;

/** Writes any value to the log of the embedded profile, without checks, as a foreign program could. */
export class LogWriter implements AsyncDisposable {
  readonly #store: SqliteLogStore;
  readonly #never = new AbortController().signal;

  private constructor(store: SqliteLogStore) {
    this.#store = store;
  }

  static async open(folder: string): Promise<LogWriter> {
    const options = { name: 'test', path: join(folder, 'log.db'), topic: 'raw_stock_ticks', partitions: 6 };
    const writer = new LogWriter(new SqliteLogStore(options, testEnvironment()));
    await writer.#store.open(writer.#never);
    return writer;
  }

  async append(values: readonly (string | Uint8Array)[], partition = 0, key: string | null = null): Promise<void> {
    const records = values.map((value): NewRecord => ({ partition, timestamp: 1763645598585 + written++, key, value }));
    await this.#store.append(records, this.#never);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store.close();
  }
}

/** A log message with one trade for each given object; the trades are valid except for the given fields. */
export function envelope(...trades: readonly object[]): string {
  const valid = { s: 'AAPL', p: 196.38, t: 1763645598585, v: 10 };
  return JSON.stringify({ type: 'trade', data: trades.map((trade) => ({ ...valid, ...trade })) });
}
