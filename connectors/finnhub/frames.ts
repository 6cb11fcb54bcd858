import { errorText, FdpError } from '../../src/errors.ts';
import { parseJson } from '../../src/kit/json.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import { foreignText } from '../../src/kit/text.ts';

/** How much of a server's text is shown, characters. */
const shownText = 200;

/** What a frame of the feed is. */
export type Frame =
  /** Trades; or, with a `problem`, something that can't be read. */
  | { readonly kind: 'message'; readonly message: SourceMessage }
  | { readonly kind: 'ping' }
  | { readonly kind: 'error'; readonly text: string }
  | { readonly kind: 'unknown'; readonly type: string };

/**
 * Reads one frame. A frame of trades is passed on as it is, dated by when it was received: its trades have times of
 * their own, by a clock that is not ours. What is not a JSON object becomes a message with the problem
 * FDP_MESSAGE_UNREADABLE and its bytes. Never throws.
 */
export function readFrame(bytes: Buffer, lane: string, now: number): Frame {
  let value: unknown;
  try {
    value = parseJson(bytes);
  } catch (cause) {
    return unreadable(bytes, { lane, now, what: `an unreadable frame (${errorText(cause)})`, cause });
  }
  if (!isObject(value)) return unreadable(bytes, { lane, now, what: 'a frame that is not an object' });
  switch (value['type']) {
    case 'trade':
      return { kind: 'message', message: { key: null, value, timestamp: now, meta: { lane } } };
    case 'ping':
      return { kind: 'ping' };
    case 'error':
      return { kind: 'error', text: foreignText(value['msg'] ?? 'no reason given') };
    default:
      return { kind: 'unknown', type: foreignText(value['type'] ?? 'none', shownText) };
  }
}

/** True for an error frame that reports that no more symbols are allowed. */
export function isAboutLimit(text: string): boolean {
  return /too many symbols|(limit|maximum).{0,20}symbols?|symbols?.{0,20}(limit|maximum)/i.test(text);
}

function unreadable(
  bytes: Buffer,
  { lane, now, what, cause }: { lane: string; now: number; what: string; cause?: unknown },
): Frame {
  const problem = new FdpError('FDP_MESSAGE_UNREADABLE', `${lane}: ${what}: expected {"type":"trade","data":[...]}`, {
    cause,
  });
  const raw = Uint8Array.from(bytes);
  return { kind: 'message', message: { key: null, value: undefined, timestamp: now, meta: { lane }, raw, problem } };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
