import type { Message } from 'kafkajs';
import { MongoClient } from 'mongodb';
import type { Chance } from '../../../src/kit/chance.ts';
import type { Columns } from '../cli/stored.ts';
import type { LedgerAddress } from './ledger-books.ts';
import { KafkaView } from './view.ts';

/** Each symbol has its own partition. */
export const tapeSymbols = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'BINANCE:BTCUSDT'];
const firstTime = Date.UTC(2025, 10, 20, 14, 30);
const minutes = 120;
const tradesInRecord = 3;
const recordsInAppend = 500;
/** The share of records that are gap messages instead of trades. */
const gapShare = 0.01;

/** Trades of two hours, not in order of time: equal times, no volume, up to five decimals; and gap messages. */
export class BarTape implements AsyncDisposable {
  readonly #view: KafkaView;
  readonly #topic: string;
  readonly #chance: Chance;

  private constructor(view: KafkaView, topic: string, chance: Chance) {
    this.#view = view;
    this.#topic = topic;
    this.#chance = chance;
  }

  /** Creates the topic. */
  static async open({ brokers, topic }: LedgerAddress, chance: Chance): Promise<BarTape> {
    const view = await KafkaView.open(brokers);
    await view.makeTopic(topic, tapeSymbols.length);
    return new BarTape(view, topic, chance);
  }

  /** Appends about `trades` trades. */
  async append(trades: number): Promise<void> {
    for (let left = Math.ceil(trades / tradesInRecord); left > 0; left -= recordsInAppend)
      await this.#view.append(
        this.#topic,
        Array.from({ length: Math.min(left, recordsInAppend) }, () => this.#record()),
      );
  }

  #record(): Message {
    const partition = this.#below(tapeSymbols.length);
    const s = tapeSymbols[partition] ?? '';
    if (this.#chance.next() < gapShare) {
      const from = this.#time();
      const gap = { from, to: from + 90_000, reason: 'the connection was lost', feed: 'finnhub' };
      return { key: s, partition, value: JSON.stringify({ type: 'gap', data: [], gap }) };
    }
    const data = Array.from({ length: tradesInRecord }, () => ({
      ...{ s, t: this.#time(), p: (1_000_000 + this.#below(20_000)) / 10_000 },
      v: this.#chance.next() < 0.05 ? 0 : this.#below(10_000_000) / 100_000,
    }));
    return { key: s, partition, value: JSON.stringify({ type: 'trade', data }) };
  }

  /** Two trades in a row are seldom in the same bar, but trades of a bar often have the same millisecond. */
  #time(): number {
    return firstTime + this.#below(minutes) * 60_000 + this.#below(20) * 3000;
  }

  #below(n: number): number {
    return Math.floor(this.#chance.next() * n);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#view[Symbol.asyncDispose]();
  }
}

/** The rows of a collection as read by a plain client: decimals as text, dates as Unix ms. */
export async function rowsIn({ url, database }: LedgerAddress, collection: string): Promise<readonly Columns[]> {
  const client = await new MongoClient(url).connect();
  try {
    const found = await client.db(database).collection(collection).find().sort({ key: 1 }).toArray();
    return found.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])));
  } finally {
    await client.close();
  }
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.getTime();
  return typeof value === 'object' && value !== null ? String(value) : value;
}
