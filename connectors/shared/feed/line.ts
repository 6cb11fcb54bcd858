import { numberOf, timeOf } from '../../../src/kit/foreign-values.ts';
import type { NodeStats } from '../../../src/kit/node-stats.ts';
import { foreignText } from '../../../src/kit/text.ts';

/** The parts of a price line that are shown. */
export interface FeedLine {
  readonly symbol: string;
  readonly price: number;
  /** Undefined if the line has none, or not a number. */
  readonly vwap: number | undefined;
  /** Unix ms; undefined if the line has none that can be read. */
  readonly time: number | undefined;
}

const longestSymbol = 64;
const shownLine = 80;
const expected = 'an object with a `symbol` and a `price`, as the VWAP feed has them';

/**
 * Reads an untrusted line: an object with a `symbol` and a `price`, a number or the text of one; `vwap` and
 * `time` (ISO 8601, Unix seconds or ms) may be missing, further fields are ignored. Undefined if it is not a price
 * line.
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
 * Shows on a node that a feed sends something else than price lines: the node is `retrying` while nothing could be
 * read, with an example as the reason.
 */
export class FeedWatch {
  readonly #node: NodeStats;
  #isRefusing = false;

  constructor(node: NodeStats) {
    this.#node = node;
  }

  /** Reports one write: how many lines were read, and one that was not. */
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
