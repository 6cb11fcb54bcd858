/** One stored record of the log `raw_stock_ticks`. */
export interface OracleRecord {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** The expected or actual content of the stores, in a form that can be compared. */
export interface Stores {
  /** The keys of the stored trades, sorted; a trade that was stored twice has two entries. */
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
 * Recomputes the result of the processor from the log alone, without code of fdp: every valid trade of every readable
 * envelope is stored once, and counted once for its symbol.
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
