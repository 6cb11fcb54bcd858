import { parseJson, toJson } from '../../src/kit/json.ts';
import { durationMs, unitFormats } from '../../src/kit/units.ts';
import { type FaultName, faultNames } from './faults.ts';

/** The longest duration of a fault, ms: it ends even if its client has disconnected. */
const longestFaultMs = 600_000;

/** A request of a client. */
export type Ask =
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly symbol: string }
  | { readonly kind: 'fault'; readonly fault: FaultName; readonly for: string | undefined }
  | { readonly kind: 'mistake'; readonly text: string };

/** A frame of trades, and its parts for clients that want only some symbols. */
export interface TradeFrame {
  readonly type: 'trade';
  readonly data: readonly { readonly s: string }[];
}

/** Parses a client's message. Never throws: an unreadable one is a mistake, to be answered with an error frame. */
export function readAsk(text: string): Ask {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return { kind: 'mistake', text: 'Invalid message: expected JSON' };
  }
  const { type, symbol, fault, for: lasting } = fieldsOf(value);
  if (type === 'subscribe' || type === 'unsubscribe')
    return typeof symbol === 'string' && symbol.length > 0 && symbol.length <= 40
      ? { kind: type, symbol }
      : { kind: 'mistake', text: 'Invalid symbol: expected a name' };
  if (type !== 'fault') return { kind: 'mistake', text: 'Unknown message type: expected subscribe or unsubscribe' };
  const name = faultNames.find((known) => known === fault);
  if (name === undefined || !(lasting === undefined || isDuration(lasting)))
    return {
      kind: 'mistake',
      text: `Unknown fault: expected one of ${faultNames.join(', ')}, and "for": "2s" (at most 10m)`,
    };
  return { kind: 'fault', fault: name, for: lasting };
}

/** True for {"type":"trade","data":[{"s":"..."}]}. */
export function isTradeFrame(value: unknown): value is TradeFrame {
  const { type, data } = fieldsOf(value);
  return type === 'trade' && Array.isArray(data) && data.every((trade) => typeof fieldsOf(trade)['s'] === 'string');
}

/** The frame with only the trades of these symbols, as JSON; undefined when there are none. */
export function frameFor(frame: TradeFrame, symbols: ReadonlySet<string>): string | undefined {
  const data = frame.data.filter(({ s }) => symbols.has(s));
  return data.length === 0 ? undefined : toJson({ ...frame, data }, 'a frame of trades');
}

function isDuration(value: unknown): value is string {
  return typeof value === 'string' && unitFormats.duration.pattern.test(value) && durationMs(value) <= longestFaultMs;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
