import { Kafka, logLevel, type Producer } from 'kafkajs';
import { BSON, type Db, MongoClient } from 'mongodb';
import { eventually } from '../cli/platform.ts';
import { KafkaView } from './view.ts';

/** Where the ledger appends its trades, and where the processor stores its results. */
export interface LedgerAddress {
  readonly brokers: string;
  readonly topic: string;
  readonly url: string;
  readonly database: string;
  /** Collections; by default those of pipeline.yml. */
  readonly trades?: string;
  readonly symbols?: string;
}

/** A trade to append: its volume is its number, so that it can be identified everywhere. */
interface Offered {
  readonly s: string;
  readonly p: number;
  readonly t: number;
  readonly v: number;
}

interface Trade {
  readonly symbol: string;
  readonly price: number;
  readonly time: number;
  readonly volume: number;
}

interface Stored extends Record<keyof Trade, unknown> {
  readonly message_key: string;
}

interface Counter {
  readonly symbol: string;
  readonly tradeCount: number;
  readonly lastTradeAt: number;
}

/** The content of the log and of the stores. */
export interface Books {
  /** The trades in the log, by their expected keys. */
  readonly log: ReadonlyMap<string, Trade>;
  readonly trades: readonly Stored[];
  readonly symbols: readonly Counter[];
}

const symbolNames = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'BINANCE:BTCUSDT'];
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
  #next = 1;

  private constructor(address: LedgerAddress, producer: Producer, partitions: number) {
    this.#address = address;
    this.#producer = producer;
    this.#partitions = partitions;
  }

  /** Creates the topic if it is missing. */
  static async open(address: LedgerAddress, partitions = 6): Promise<Ledger> {
    await using view = await KafkaView.open(address.brokers);
    const found = await view.makeTopic(address.topic, partitions);
    const producer = client(address.brokers).producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
    await producer.connect();
    return new Ledger(address, producer, found);
  }

  /** Appends the next `count` trades, several in a record, some of them with the same millisecond. Never fails. */
  async offer(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const size = Math.min(left, tradesInRecord * recordsInSend);
      await this.#send(Array.from({ length: size }, () => offered(this.#next++)));
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
      const partition = symbolNames.indexOf(symbol) % this.#partitions;
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

function offered(number: number): Offered {
  const symbol = symbolNames[Math.floor(number / 7) % symbolNames.length] ?? '';
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

/** Number of stored trades. */
export function storedIn(address: LedgerAddress): Promise<number> {
  return inDatabase(address, (db) => db.collection(address.trades ?? 'finnhub_trades').countDocuments());
}

/** Symbols whose counters differ from their stored trades, regardless of the log. */
export async function miscounted(address: LedgerAddress): Promise<readonly string[]> {
  const { trades, symbols } = await storesOf(address);
  const log = trades.map(({ symbol, time, price, volume }): Trade => {
    const numbers = { price: Number(plain(price)), time: Number(plain(time)), volume: Number(plain(volume)) };
    return { symbol: String(symbol), ...numbers };
  });
  return counted(log, symbols);
}

/** All documents of both collections, as text: equal only if nothing at all has changed. */
export function everyDocument(address: LedgerAddress): Promise<readonly string[]> {
  return inDatabase(address, async (db) => {
    const names = [address.trades ?? 'finnhub_trades', address.symbols ?? 'symbols'];
    const found = await Promise.all(
      names.map((name) => db.collection(name).find({}, { promoteValues: false }).toArray()),
    );
    return found
      .flat()
      .map((document) => BSON.EJSON.stringify(document, { relaxed: false }))
      .sort();
  });
}

/** Reads the whole log and everything that is stored. */
export async function readBooks(address: LedgerAddress): Promise<Books> {
  const [log, stores] = await Promise.all([readLog(address), storesOf(address)]);
  return { log, ...stores };
}

function storesOf(address: LedgerAddress): Promise<Omit<Books, 'log'>> {
  return inDatabase(address, async (db) => {
    const [trades, symbols] = await Promise.all([
      db
        .collection(address.trades ?? 'finnhub_trades')
        .find()
        .toArray(),
      db
        .collection(address.symbols ?? 'symbols')
        .find()
        .toArray(),
    ]);
    return { trades: trades as unknown as Stored[], symbols: symbols as unknown as Counter[] };
  });
}

async function inDatabase<T>({ url, database }: LedgerAddress, work: (db: Db) => Promise<T>): Promise<T> {
  const mongo = await new MongoClient(url, { readPreference: 'primary' }).connect();
  try {
    return await work(mongo.db(database));
  } finally {
    await mongo.close();
  }
}

/** All trades of the log in order of offset, by their expected keys in the store. */
async function readLog({ brokers, topic }: LedgerAddress): Promise<ReadonlyMap<string, Trade>> {
  await using view = await KafkaView.open(brokers);
  const records = await view.records(topic);
  return new Map(records.flatMap(({ partition, offset, value }) => tradesOf(`${topic}-${partition}-${offset}`, value)));
}

/** The valid trades of one record; empty if it can't be read. */
function tradesOf(recordId: string, value: Buffer | null): [string, Trade][] {
  try {
    const { data } = JSON.parse(String(value)) as { readonly data: readonly Offered[] };
    return data
      .map(({ s, p, t, v }, index): [string, Trade] => [
        `${recordId}--${s}-${t}-${index}`,
        { symbol: s, price: p, time: t, volume: v },
      ])
      .filter(([, { price, time, volume }]) => Math.abs(price) < 1e15 && time > 0 && volume >= 0);
  } catch {
    return [];
  }
}

/** All differences between the stores and the log, one line each; the first few of each kind in full. */
export function differences({ log, trades, symbols }: Books, acknowledged: Iterable<number> = []): readonly string[] {
  const stored = new Map(trades.map((trade) => [trade.message_key, trade]));
  const inLog = new Set([...log.values()].map(({ volume }) => volume));
  const times = new Map<string, number>();
  for (const { message_key } of trades) times.set(message_key, (times.get(message_key) ?? 0) + 1);
  return [
    ...listed(
      'acknowledged, but not in the log: number',
      [...acknowledged].filter((number) => !inLog.has(number)),
    ),
    ...listed(
      'lost:',
      [...log.keys()].filter((key) => !stored.has(key)),
    ),
    ...listed(
      'invented:',
      [...stored.keys()].filter((key) => !log.has(key)),
    ),
    ...listed(
      'stored more than once:',
      [...times].filter(([, count]) => count > 1).map(([key]) => key),
    ),
    ...listed(
      'stored otherwise:',
      [...log].flatMap(([key, trade]) => otherwise(key, trade, stored.get(key))),
    ),
    ...listed('counted otherwise:', counted(log.values(), symbols)),
  ];
}

function otherwise(key: string, trade: Trade, stored: Stored | undefined): string[] {
  if (!stored) return [];
  return Object.entries(trade)
    .map(([field, expected]) => [field, expected, plain(stored[field as keyof Trade])] as const)
    .filter(([, expected, got]) => expected !== got)
    .map(([field, expected, got]) => `${key}: ${field} is ${got}, expected ${expected}`);
}

function counted(log: Iterable<Trade>, symbols: readonly Counter[]): string[] {
  const expected = new Map<string, Counter>();
  for (const { symbol, time } of log) {
    const { tradeCount = 0, lastTradeAt = 0 } = expected.get(symbol) ?? {};
    expected.set(symbol, { symbol, tradeCount: tradeCount + 1, lastTradeAt: Math.max(lastTradeAt, time) });
  }
  const got = new Map(symbols.map((counter) => [counter.symbol, counter]));
  const names = [...new Set([...expected.keys(), ...got.keys()])].sort();
  const rows = symbols.length === got.size ? [] : ['a symbol has more than one row'];
  return names.reduce((found, name) => {
    for (const field of ['tradeCount', 'lastTradeAt'] as const) {
      const [is, must] = [plain(got.get(name)?.[field] ?? null), expected.get(name)?.[field] ?? null];
      if (is !== must) found.push(`${name}: ${field} is ${is}, expected ${must}`);
    }
    return found;
  }, rows);
}

/** Decimal128, Long and Date as numbers: the appended values were doubles. */
function plain(value: unknown): unknown {
  return typeof value === 'object' && value !== null
    ? Number(value instanceof Date ? value.getTime() : String(value))
    : value;
}

function listed(what: string, found: readonly (string | number)[]): string[] {
  const shown = found.slice(0, 5).map((one) => `${what} ${one}`);
  return found.length > shown.length ? [...shown, `${what} ${found.length - shown.length} more`] : shown;
}
