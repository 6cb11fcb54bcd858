import { type FeedLine, readFeedLine } from '../shared/feed/line.ts';
import { safe } from './text.ts';

/** A line of the feed as a terminal shows it. */
export interface Trade extends FeedLine {
  /** The symbol as the feed writes it, for requests to the API. */
  readonly feedSymbol: string;
}

const longestSymbol = 40;

/**
 * Reads a line from an untrusted feed. Symbols that differ only after 40 characters, or in characters that a terminal
 * can't show, become one. Undefined if it is not a feed line.
 */
export function readTrade(value: unknown): Trade | undefined {
  const line = readFeedLine(value);
  return line && { ...line, feedSymbol: line.symbol, symbol: safe(line.symbol.slice(0, longestSymbol)).trim() };
}
