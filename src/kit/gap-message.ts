import { FdpError } from '../errors.ts';
import type { SourceMessage } from './message.ts';
import { foreignText } from './text.ts';

/** A time in which messages of a feed were missed; Unix ms. Without `to` it is not over. */
export interface GapSpan {
  readonly from: number;
  readonly to?: number;
  readonly reason: string;
  /** The connector of the source. */
  readonly feed: string;
}

/** What of a reason is kept, characters. */
const keptReason = 200;

/**
 * What a source puts into its lane for each symbol when a gap begins and when it ends: an envelope without any trade, keyed by
 * the symbol, which the gap has, too, for whoever gets the message without its key. Whoever loops over `data` finds nothing in it.
 */
export function gapMessage(span: GapSpan, symbol: string, at: number): SourceMessage {
  const value = { type: 'gap', data: [], gap: { ...span, symbol } };
  return { key: symbol, value, timestamp: at, meta: { lane: span.feed } };
}

/**
 * The gap of a gap message; undefined for every other value.
 * @throws FDP_MESSAGE_INVALID when a value with the type `gap` has no gap that can be read
 */
export function gapOf(value: unknown): GapSpan | undefined {
  if (!isGapMessage(value)) return undefined;
  const gap = value['gap'];
  if (!isObject(gap)) throw unfit('gap: expected an object');
  const { from, to, reason, feed } = gap;
  if (!isTime(from)) throw unfit('gap.from: expected Unix ms');
  if (typeof feed !== 'string' || feed === '') throw unfit('gap.feed: expected text');
  const span = { from, reason: foreignText(reason ?? 'no reason given', keptReason), feed };
  if (to === undefined || to === null) return span;
  if (!isTime(to) || to < from) throw unfit('gap.to: expected Unix ms, not before gap.from');
  return { ...span, to };
}

/** The symbol that a gap message has beside its key; undefined for one of before, and for every other value. */
export function gapSymbolOf(value: unknown): string | undefined {
  const gap = isGapMessage(value) ? value['gap'] : undefined;
  const symbol = isObject(gap) ? gap['symbol'] : undefined;
  return typeof symbol === 'string' && symbol !== '' ? symbol : undefined;
}

/** True for an envelope of the type `gap`, whatever else is in it. */
export function isGapMessage(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && value['type'] === 'gap' && Object.hasOwn(value, 'gap');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= 8.64e15;
}

function unfit(text: string): FdpError {
  return new FdpError('FDP_MESSAGE_INVALID', text);
}
