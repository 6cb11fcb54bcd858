import { errorText, FdpError } from '../../src/errors.ts';
import { gapSymbolOf, isGapMessage } from '../../src/kit/gap-message.ts';
import { parseJson } from '../../src/kit/json.ts';
import type { SourceMessage } from '../../src/kit/message.ts';

interface LineReading {
  /** The connector's name: the lane, and the name in an error. */
  readonly name: string;
  /** The field whose text is the message's key. */
  readonly key: string;
  /** Wall clock. */
  now(): number;
}

/**
 * One line as a message, dated by when it was received. Invalid UTF-8 is read as U+FFFD. A line
 * that is not JSON is a message with a problem, FDP_MESSAGE_UNREADABLE, and its bytes.
 */
export function readLine(line: Buffer, { name, key, now }: LineReading): SourceMessage {
  const meta = { lane: name };
  let value: unknown;
  try {
    value = parseJson(line.toString('utf8'));
  } catch (error) {
    const problem = new FdpError('FDP_MESSAGE_UNREADABLE', `${name}: a line can't be read: ${errorText(error)}`, {
      cause: error,
    });
    return { key: null, value: undefined, timestamp: now(), meta, raw: Buffer.from(line), problem };
  }
  // A gap message that was relayed: its key was the symbol.
  const keyValue = isGapMessage(value) ? gapSymbolOf(value) : fieldOf(value, key);
  return {
    key: typeof keyValue === 'string' ? keyValue : null,
    value,
    timestamp: now(),
    meta,
  };
}

/** The symbols of an envelope of trades, `{ data: [{ s }, ...] }`; of any other value, such as a line of the VWAP feed, none. */
export function symbolsOf(value: unknown): readonly string[] {
  const trades = fieldOf(value, 'data');
  if (!Array.isArray(trades)) return [];
  const symbols = trades.map((trade) => fieldOf(trade, 's'));
  return [...new Set(symbols.filter((symbol) => typeof symbol === 'string' && symbol !== ''))] as string[];
}

function fieldOf(value: unknown, field: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[field];
}
