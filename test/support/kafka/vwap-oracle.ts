import type { KafkaRecordView } from './view.ts';

export interface FeedLine {
  readonly time: string;
  readonly symbol: string;
  readonly price: number;
  readonly vwap: number | null;
}

interface Expected {
  readonly vwap: number | null;
  /** Its index among the symbol's trades. */
  readonly index: number;
}

/** The largest relative difference between two ways of summing the same numbers. */
const tolerance = 1e-12;

/** The expected lines of the feed, recomputed from the records of a topic in order of offset. */
export class VwapOracle {
  readonly #expected = new Map<string, Expected>();

  constructor(records: readonly KafkaRecordView[], window = 50) {
    const trades = new Map<string, { readonly p: number; readonly v: number }[]>();
    for (const { value } of records)
      for (const { s, p, t, v } of JSON.parse(String(value)).data) {
        const ofSymbol = trades.get(s) ?? [];
        trades.set(s, ofSymbol);
        ofSymbol.push({ p, v });
        const last = ofSymbol.slice(-window);
        const volume = last.reduce((sum, trade) => sum + trade.v, 0);
        const paid = last.reduce((sum, trade) => sum + trade.p * trade.v, 0);
        const vwap = volume === 0 ? null : paid / volume;
        this.#expected.set(keyOf(s, new Date(t).toISOString(), p), { vwap, index: ofSymbol.length });
      }
  }

  /** Differences in the lines that one client received: wrong numbers, and wrong order, except for repeated lines. */
  differences(lines: readonly string[]): readonly string[] {
    const highest = new Map<string, number>();
    const seen = new Set<string>();
    return lines.flatMap((text) => {
      const line: FeedLine = JSON.parse(text);
      const key = keyOf(line.symbol, line.time, line.price);
      const expected = this.#expected.get(key);
      if (!expected) return [`invented: ${text}`];
      const isLate = !seen.has(key) && expected.index < (highest.get(line.symbol) ?? 0);
      seen.add(key);
      highest.set(line.symbol, Math.max(highest.get(line.symbol) ?? 0, expected.index));
      return [
        ...(isNear(line.vwap, expected.vwap) ? [] : [`${text}: expected ${expected.vwap}`]),
        ...(isLate ? [`out of order: ${text}`] : []),
      ];
    });
  }
}

function keyOf(symbol: string, time: string, price: number): string {
  return `${symbol} ${time} ${price}`;
}

function isNear(got: number | null, expected: number | null): boolean {
  if (got === null || expected === null) return got === expected;
  return Math.abs(got - expected) <= tolerance * Math.abs(expected);
}
