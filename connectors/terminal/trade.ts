import { safe } from './text.ts';

/** A line of the feed, as far as it is shown. */
export interface Trade {
  readonly symbol: string;
  readonly price: number;
  /** Undefined: the feed gave none, or nothing that is a number. */
  readonly vwap: number | undefined;
  /** Unix ms; undefined: the feed gave none that can be read. */
  readonly time: number | undefined;
}

const longestSymbol = 40;
/** From here on a number is taken for milliseconds; below, for seconds. */
const firstMs = 1e11;
const lastMs = 4.1e12;

/**
 * A line that anybody may have sent as a trade: an object with a `symbol` and a `price`, a number or the text of one;
 * `vwap` and `time` (ISO 8601, Unix seconds or ms) may be missing, further fields are passed over. Symbols that differ
 * only after 40 characters, or in what a terminal can't show, are one. Undefined: not a trade.
 */
export function readTrade(value: unknown): Trade | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { symbol, price, vwap, time } = value as Readonly<Record<string, unknown>>;
  if (typeof symbol !== 'string') return undefined;
  const name = safe(symbol.slice(0, longestSymbol)).trim();
  const number = numberOf(price);
  if (name === '' || number === undefined) return undefined;
  return { symbol: name, price: number, vwap: numberOf(vwap), time: timeOf(time) };
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\s*[+-]?(\d|\.\d)/.test(value) && value.length <= longestSymbol)
    return numberOf(Number(value));
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function timeOf(value: unknown): number | undefined {
  const number = numberOf(value) ?? (typeof value === 'string' ? Date.parse(value) : Number.NaN);
  const ms = number < firstMs ? number * 1000 : number;
  return ms > 0 && ms < lastMs ? ms : undefined;
}
