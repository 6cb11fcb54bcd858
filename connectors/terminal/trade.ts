import { type FeedLine, readFeedLine } from '../shared/feed/line.ts';
import { safe } from './text.ts';

/** A line of the feed as a terminal shows it. */
export interface Trade extends FeedLine {
  /** The symbol as the feed writes it, for requests to the API. */
  readonly feedSymbol: string;
}

const longestSymbol = 40;

/**
 * A line that anybody may have sent, as a trade. Symbols that differ only after 40 characters, or in what a terminal
 * can't show, are one. Undefined: no line of a feed.
 */
export function readTrade(value: unknown): Trade | undefined {
  const line = readFeedLine(value);
  return line && { ...line, feedSymbol: line.symbol, symbol: safe(line.symbol.slice(0, longestSymbol)).trim() };
}
