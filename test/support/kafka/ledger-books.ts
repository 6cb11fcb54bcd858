import { BSON, type Db, MongoClient } from 'mongodb';
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
export interface Offered {
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

export async function inDatabase<T>({ url, database }: LedgerAddress, work: (db: Db) => Promise<T>): Promise<T> {
  const mongo = await new MongoClient(url, { readPreference: 'primary' }).connect();
  try {
    return await work(mongo.db(database));
  } finally {
    await mongo.close();
  }
}

/** All trades of the log in order of offset, by their expected keys in the store. */
export async function readLog({ brokers, topic }: LedgerAddress): Promise<ReadonlyMap<string, Trade>> {
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
