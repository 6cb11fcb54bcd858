import type { NodeStats } from '../../../src/kit/node-stats.ts';
import { foreignText } from '../../../src/kit/text.ts';

/** A line of the feed, as far as it is shown. */
export interface FeedLine {
  readonly symbol: string;
  readonly price: number;
  /** Undefined: the feed gave none, or nothing that is a number. */
  readonly vwap: number | undefined;
  /** Unix ms; undefined: the feed gave none that can be read. */
  readonly time: number | undefined;
}

const longestSymbol = 64;
const longestNumber = 40;
/** From here on a number is taken for milliseconds; below, for seconds. */
const firstMs = 1e11;
const lastMs = 4.1e12;
const shownLine = 80;
const expected = 'an object with a `symbol` and a `price`, as the VWAP feed has them';

/**
 * Reads a line that anybody may have sent: an object with a `symbol` and a `price`, a number or the text of one; `vwap` and
 * `time` (ISO 8601, Unix seconds or ms) may be missing, further fields are passed over. Undefined: no line of a feed.
 */
export function readFeedLine(value: unknown): FeedLine | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { symbol, price, vwap, time } = value as Readonly<Record<string, unknown>>;
  if (typeof symbol !== 'string') return undefined;
  const name = symbol.slice(0, longestSymbol).trim();
  const number = numberOf(price);
  if (name === '' || number === undefined) return undefined;
  return { symbol: name, price: number, vwap: numberOf(vwap), time: timeOf(time) };
}

/**
 * Shows on a node that a feed sends something else than lines of a feed: the node is red while nothing that came could be
 * read, and says what came.
 */
export class FeedWatch {
  readonly #node: NodeStats;
  #isRefusing = false;

  constructor(node: NodeStats) {
    this.#node = node;
  }

  /** What one write held: how many lines were read, and one of those that were not. */
  saw(read: number, refused: { readonly value: unknown } | undefined): void {
    if (read === 0 && refused) {
      this.#isRefusing = true;
      this.#node.is('retrying', refusal(refused.value));
    } else if (read > 0 && this.#isRefusing) {
      this.#isRefusing = false;
      this.#node.is('ok');
    }
  }
}

/** Why a line was refused. */
export function refusal(value: unknown): string {
  return `lines of the feed are rejected: expected ${expected}, got ${foreignText(value, shownLine)}`;
}

/** A number, or the text of one; undefined: neither, or not finite. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\s*[+-]?(\d|\.\d)/.test(value) && value.length <= longestNumber)
    return numberOf(Number(value));
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** ISO 8601, Unix seconds or ms, as Unix ms; undefined: no time of 1970 to 2099. */
export function timeOf(value: unknown): number | undefined {
  const number = numberOf(value) ?? (typeof value === 'string' ? Date.parse(value) : Number.NaN);
  const ms = number < firstMs ? number * 1000 : number;
  return ms > 0 && ms < lastMs ? ms : undefined;
}
