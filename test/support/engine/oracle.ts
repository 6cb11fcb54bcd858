/** One record of the log `raw_stock_ticks`, as it lies there. */
export interface OracleRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** What the stores must hold, and what they do hold, in a form that compares. */
export interface Stores {
  /** The keys of the stored trades, sorted: one that was stored twice stands here twice. */
  readonly trades: readonly string[];
  /** tradeCount and lastTradeAt of each symbol. */
  readonly symbols: Readonly<Record<string, readonly [count: number, lastTradeAt: number]>>;
}

interface Trade {
  readonly s: string;
  readonly p: number;
  readonly t: number;
  readonly v: number;
}

/**
 * Recomputes from the log alone what the processor must have made of it, sharing no code with it: every valid trade of
 * every readable envelope once, and its symbol counted as often.
 */
export function expectedStores(records: Iterable<OracleRecord>, topic = 'raw_stock_ticks'): Stores {
  const trades: string[] = [];
  const symbols: Record<string, [number, number]> = {};
  for (const { partition, offset, value } of records)
    for (const [index, { s, p, t, v }] of tradesOf(value).entries()) {
      if (!(Math.abs(p) < 1e15 && v >= 0 && t > 0)) continue;
      trades.push(`${topic}-${partition}-${offset}--${s}-${t}-${index}`);
      const [count, latest] = symbols[s] ?? [0, 0];
      symbols[s] = [count + 1, Math.max(latest, t)];
    }
  return { trades: trades.sort(), symbols };
}

function tradesOf(value: string): readonly Trade[] {
  try {
    return JSON.parse(value).data;
  } catch {
    return [];
  }
}
