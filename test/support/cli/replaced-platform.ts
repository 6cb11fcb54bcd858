import { type Collection, Decimal128, type Document, Long, ObjectId } from 'mongodb';
import type { Trade } from '../../../connectors/shared/feed/trade.ts';

/** A record of the topic, as read by the platform that fdp replaces. */
export interface OldRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly trades: readonly Trade[];
}

/** The documents that its processor stores for a record: one per trade, with one dash before the symbol in the key. */
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

/** Processes a record as its processor does: an ordered insert that ignores duplicates, then a count of all trades. */
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
