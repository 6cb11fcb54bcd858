import { type Collection, Decimal128, type Document, Long, ObjectId } from 'mongodb';
import type { Trade } from '../../../connectors/mock/market.ts';

/** A record of the topic, as the platform that fdp replaces reads it. */
export interface OldRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly trades: readonly Trade[];
}

/** What its processor stores for a record: a document a trade, the key with one dash before the symbol. */
export function oldDocuments({ topic, partition, offset, trades }: OldRecord): Document[] {
  return trades.map(({ s, p, t, v }, index) => ({
    _id: new ObjectId(),
    message_key: `${topic}-${partition}-${offset}-${s}-${t}-${index}`,
    symbol: s,
    price: Decimal128.fromString(String(p)),
    time: new Date(t),
    volume: Decimal128.fromString(String(v)),
  }));
}

/** Processes a record as its processor does: an ordered insert whose duplicates are passed over, then counts it all. */
export async function processAsBefore(
  record: OldRecord,
  { trades, symbols }: { readonly trades: Collection; readonly symbols: Collection },
): Promise<void> {
  await trades.insertMany(oldDocuments(record)).catch((error) => {
    if (error.code !== 11000) throw error;
  });
  for (const symbol of new Set(record.trades.map(({ s }) => s))) {
    const own = record.trades.filter(({ s }) => s === symbol);
    const update = {
      $inc: { tradeCount: Long.fromNumber(own.length) },
      $max: { lastTradeAt: new Date(Math.max(...own.map(({ t }) => t))) },
      $setOnInsert: { symbol },
    };
    await symbols.updateOne({ symbol }, update, { upsert: true });
  }
}
