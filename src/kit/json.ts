import { errorText, FdpError } from '../errors.ts';
import type { SourceMessage } from './message.ts';

/** Levels of nested arrays and objects. No message that is meant for fdp has as many. */
export const maxLevels = 100;
/** Longer ones are not parsed: parsing would block the process for seconds. */
export const maxJsonBytes = 64 * 1024 * 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true });
const quote = 0x22;
const backslash = 0x5c;

/**
 * Reads JSON that others wrote; no other code parses it. Bounded in bytes and in levels, so that
 * the result can be walked and written again without a stack overflow. Bytes must be UTF-8; a byte
 * order mark is passed over. Numbers become doubles: digits beyond about 16 are lost.
 * @throws FDP_MESSAGE_UNREADABLE with one short line that begins with "expected"
 */
export function parseJson(source: string | Uint8Array, maxBytes = maxJsonBytes): unknown {
  if (source.length > maxBytes) throw unreadable(`at most ${maxBytes} bytes of JSON, got ${source.length}`);
  try {
    const text = typeof source === 'string' ? source : textOf(source);
    if (!isTooDeep(text)) return JSON.parse(text);
  } catch (cause) {
    throw unreadable(`JSON: ${errorText(cause)}`, cause);
  }
  throw unreadable(`JSON of at most ${maxLevels} levels, got more`);
}

/** The same, but undefined for what is no JSON. */
export function tryParseJson(source: string | Uint8Array): unknown {
  try {
    return parseJson(source);
  } catch {
    return undefined;
  }
}

/**
 * What a message that came as JSON has of it: its bytes, and the value; or, of what is no JSON, the
 * problem, which makes it a dead letter with these bytes. `from` is where it came from: the name of
 * the connector, or a place in a file.
 */
export function valueOrProblem<T extends string | Uint8Array>(
  raw: T,
  from: string,
): Pick<SourceMessage, 'value' | 'problem'> & { readonly raw: T } {
  try {
    return { raw, value: parseJson(raw) };
  } catch (cause) {
    const problem = new FdpError('FDP_MESSAGE_UNREADABLE', `${from}: ${errorText(cause)}`, { cause });
    return { raw, value: undefined, problem };
  }
}

/**
 * A value as JSON, to be written somewhere.
 * @throws FDP_MESSAGE_REFUSED when it has none: too deep, too long for a text, a BigInt
 */
export function toJson(value: unknown, name: string): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new FdpError('FDP_MESSAGE_REFUSED', `${name}: the value cannot be written as JSON: ${errorText(error)}`, {
      cause: error,
    });
  }
  if (text === undefined)
    throw new FdpError(
      'FDP_MESSAGE_REFUSED',
      `${name}: expected a value, got ${typeof value}, which cannot be written as JSON`,
    );
  return text;
}

/**
 * The values of messages as lines of JSON, `null` where there is none; a value that has no JSON is
 * given with its error.
 */
export function linesOf(
  messages: readonly { readonly value: unknown }[],
  name: string,
): { readonly text: string; readonly failed: ReadonlyMap<number, Error> } {
  const failed = new Map<number, Error>();
  const lines: string[] = [];
  for (const [index, { value }] of messages.entries()) {
    try {
      lines.push(`${toJson(value ?? null, name)}\n`);
    } catch (error) {
      failed.set(index, error as Error);
    }
  }
  return { text: lines.join(''), failed };
}

/**
 * Bytes as text. The strict decoder is several times slower, so it only decodes bytes that may not
 * be UTF-8.
 */
function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString();
  return text.includes('\ufffd') || text.startsWith('\ufeff') ? utf8.decode(bytes) : text;
}

function isTooDeep(text: string): boolean {
  if (text.length <= 2 * maxLevels) return false;
  let level = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfText(text, at);
    else if (code === 0x5b || code === 0x7b) {
      if (++level > maxLevels) return true;
    } else if (code === 0x5d || code === 0x7d) level--;
  }
  return false;
}

/** Where the text that begins at `start` ends: at its closing quote, or the end of everything. */
function endOfText(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === backslash) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return text.length;
}

function unreadable(expected: string, cause?: unknown): FdpError {
  return new FdpError('FDP_MESSAGE_UNREADABLE', `expected ${expected}`, cause === undefined ? {} : { cause });
}
