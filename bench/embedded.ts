import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import type { NewRecord } from '../connectors/shared/log/store.ts';
import { SqliteLogStore } from '../connectors/sqlite-log/store.ts';
import { testEnvironment } from '../src/testing/environment.ts';
import { randomName } from '../test/support/services/services.ts';
import { type Backlog, backlogMessages } from './market.ts';

const appendRecords = 2000;

/** A folder with a log that holds a backlog. */
export async function filledLog(folder: string, backlog: Backlog): Promise<string> {
  const path = join(folder, randomName('log'));
  mkdirSync(path);
  await fillLog(path, backlog);
  return path;
}

/** Makes the log of a data folder, without any message. */
export function emptyLog(path: string): Promise<void> {
  return fillLog(path, { messages: 0, tradesEach: 1, symbols: 6 });
}

/** Appends a backlog to the log of a data folder. */
export async function fillLog(path: string, backlog: Backlog): Promise<void> {
  const options = { name: 'bench', path: join(path, 'log.db'), topic: 'raw_stock_ticks', partitions: 6 };
  const store = new SqliteLogStore(options, testEnvironment());
  const never = new AbortController().signal;
  await store.open(never);
  let records: NewRecord[] = [];
  for (const message of backlogMessages(backlog)) {
    if (records.push({ ...message, timestamp: Date.now() }) < appendRecords) continue;
    await store.append(records, never);
    records = [];
  }
  await store.append(records, never);
  await store.close();
}

/** True while another process writes to the log of a data folder. */
export function isLocked(path: string): boolean {
  const log = new DatabaseSync(join(path, 'log.db'), { timeout: 0 });
  try {
    log.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch {
    return true;
  } finally {
    log.close();
  }
}

/** Messages in the log of a data folder. */
export function recordsIn(path: string): number {
  const log = new DatabaseSync(join(path, 'log.db'), { readOnly: true, timeout: 1000 });
  try {
    const row = log.prepare('SELECT sum(next) AS n FROM fdp_partitions WHERE topic = 1').get();
    return Number((row as { readonly n: number | null }).n ?? 0);
  } finally {
    log.close();
  }
}

/** A data folder of one run, with a copy of a filled log; gone afterwards. */
export class RunFolder implements Disposable {
  readonly path: string;
  #store: DatabaseSyncInstance | undefined;

  constructor(folder: string, filled?: string) {
    this.path = join(folder, randomName('run'));
    mkdirSync(this.path);
    if (filled !== undefined) cpSync(join(filled, 'log.db'), join(this.path, 'log.db'));
  }

  /** Trades in bars. */
  inBars(): number {
    try {
      this.#store ??= new DatabaseSync(join(this.path, 'store.db'), { readOnly: true, timeout: 1000 });
      return this.#number('SELECT sum(trades) AS n FROM candles');
    } catch {
      return 0; // the file, or its table, is not there yet
    }
  }

  /** Trades stored and, at the end, counted too: the lower of both. */
  stored(total: number): number {
    try {
      this.#store ??= new DatabaseSync(join(this.path, 'store.db'), { readOnly: true, timeout: 1000 });
      const stored = this.#number('SELECT max(_id) AS n FROM finnhub_trades');
      return stored < total ? stored : this.#number('SELECT sum(tradeCount) AS n FROM symbols');
    } catch {
      return 0; // the file, or its tables, are not there yet
    }
  }

  #number(sql: string): number {
    return Number((this.#store?.prepare(sql).get() as { readonly n: number | null } | undefined)?.n ?? 0);
  }

  [Symbol.dispose](): void {
    this.#store?.close();
    rmSync(this.path, { recursive: true, force: true });
  }
}
