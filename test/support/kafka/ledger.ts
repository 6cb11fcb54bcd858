import { Kafka, logLevel, type Producer } from 'kafkajs';
import { eventually } from '../cli/platform.ts';
import { differences, inDatabase, type LedgerAddress, type Offered, readBooks, readLog } from './ledger-books.ts';
import { KafkaView } from './view.ts';

const fewSymbols = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'BINANCE:BTCUSDT'];
const firstTime = Date.UTC(2025, 10, 20, 14, 30);
const tradesInRecord = 3;
const recordsInSend = 20;

/**
 * Appends numbered trades to a log, with a client that is not ours, and records which of them were acknowledged.
 * Afterwards it audits the stores: recomputes them from the log, and returns all differences.
 */
export class Ledger {
  /** Numbers of trades whose record the broker has confirmed. */
  readonly acknowledged = new Set<number>();
  /** Numbers of trades that were not appended, or whose outcome is unknown. */
  readonly unknown = new Set<number>();
  readonly #address: LedgerAddress;
  #producer: Producer;
  readonly #partitions: number;
  readonly #symbols: readonly string[];
  #next = 1;

  private constructor(address: LedgerAddress, producer: Producer, partitions: number, symbols: readonly string[]) {
    this.#address = address;
    this.#producer = producer;
    this.#partitions = partitions;
    this.#symbols = symbols;
  }

  /** Creates the topic if it is missing. @param symbols how many there are beside a few */
  static async open(address: LedgerAddress, partitions = 6, symbols = 0): Promise<Ledger> {
    await using view = await KafkaView.open(address.brokers);
    const found = await view.makeTopic(address.topic, partitions);
    const producer = client(address.brokers).producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
    await producer.connect();
    const more = Array.from({ length: symbols }, (_unused, index) => `S${index}`);
    return new Ledger(address, producer, found, [...fewSymbols, ...more]);
  }

  /** Appends the next `count` trades, several in a record, some of them with the same millisecond. Never fails. */
  async offer(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const size = Math.min(left, tradesInRecord * recordsInSend);
      await this.#send(Array.from({ length: size }, () => offered(this.#next++, this.#symbols)));
      left -= size;
    }
  }

  /** Appends trades until `stop` aborts: `perSecond` of them, if the broker keeps up. */
  async offerUntil(stop: AbortSignal, perSecond: number): Promise<void> {
    const started = performance.now();
    for (let made = 0; !stop.aborted; ) {
      const due = Math.floor(((performance.now() - started) / 1000) * perSecond) - made;
      if (due > 0) await this.offer(due);
      made += Math.max(0, due);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /**
   * Waits until the trades in the log are all stored and counted, or until the time limit, and returns the differences;
   * empty if there are none. Nothing may be appended to the log meanwhile.
   */
  async settled(limitMs = 90_000): Promise<readonly string[]> {
    const { size } = await readLog(this.#address);
    const { trades = 'finnhub_trades', symbols = 'symbols' } = this.#address;
    const total = [{ $group: { _id: null, n: { $sum: '$tradeCount' } } }];
    await inDatabase(this.#address, async (db) => {
      const isThere = async () => {
        const stored = await db.collection(trades).countDocuments();
        const [counted] = await db.collection(symbols).aggregate(total).toArray();
        return stored >= size && Number(counted?.['n'] ?? 0) >= size;
      };
      // The audit's report is better than a timeout's.
      await eventually('everything stored and counted', isThere, limitMs).catch(() => {});
    });
    return this.audit();
  }

  /** Reads the log and the stores with plain clients, and returns the differences; empty if there are none. */
  async audit(): Promise<readonly string[]> {
    return differences(await readBooks(this.#address), this.acknowledged);
  }

  /** Reconnects, because the client's metadata of a replaced topic is wrong. */
  async reopen(): Promise<void> {
    await this.#producer.disconnect();
    this.#producer = await newProducer(this.#address);
  }

  close(): Promise<void> {
    return this.#producer.disconnect();
  }

  async #send(trades: readonly Offered[]): Promise<void> {
    const messages = records(trades).map((data) => {
      const symbol = data[0]?.s ?? '';
      const partition = this.#symbols.indexOf(symbol) % this.#partitions;
      return { key: symbol, partition, value: JSON.stringify({ type: 'trade', data }) };
    });
    const sent = this.#producer.send({ topic: this.#address.topic, acks: -1, messages });
    const into = await sent.then(
      () => this.acknowledged,
      () => this.unknown,
    );
    for (const { v } of trades) into.add(v);
  }
}

function client(brokers: string): Kafka {
  const retry = { initialRetryTime: 100, maxRetryTime: 2000, retries: 20 };
  return new Kafka({ clientId: 'ledger', brokers: brokers.split(','), logLevel: logLevel.NOTHING, retry });
}

async function newProducer({ brokers }: LedgerAddress): Promise<Producer> {
  const options = { idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false };
  const producer = client(brokers).producer(options);
  await producer.connect();
  return producer;
}

function offered(number: number, symbols: readonly string[]): Offered {
  const symbol = symbols[Math.floor(number / 7) % symbols.length] ?? '';
  return { s: symbol, p: 100 + (number % 977) / 100, t: firstTime + Math.floor(number / 5) * 3, v: number };
}

/** Splits trades into envelopes of one symbol each, as the ingestor makes them. */
function records(trades: readonly Offered[]): readonly (readonly Offered[])[] {
  const made: Offered[][] = [];
  for (const trade of trades) {
    const last = made.at(-1);
    if (last && last.length < tradesInRecord && last[0]?.s === trade.s) last.push(trade);
    else made.push([trade]);
  }
  return made;
}
