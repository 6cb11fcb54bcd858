import { FdpError } from '../../src/errors.ts';
import type { Calendar, SessionKind } from './calendar.ts';

/** A time in which the market was open, Unix ms; without an end it is not over. */
export interface OpenTime {
  readonly start: number;
  readonly end: number | undefined;
}

export interface Market {
  readonly calendar: Calendar;
  /** The sessions in which it counts as open. */
  readonly kinds: readonly SessionKind[];
}

/** Times of one span, at most: the last one then reaches to its end. */
const mostTimes = 400;
/** Sessions that are looked at for the next open one: more than a year of them. */
const mostSessions = 2500;

/**
 * When the market was open within a span; sessions that follow each other directly are one time. A span that is not over gives
 * one time from the next opening on. A span in which the market was never open gives one that is empty, at the next opening.
 *
 * @throws FDP_MESSAGE_INVALID outside of the calendar's years, and when the market never opens
 */
export function openTimes(
  { from, to }: { readonly from: number; readonly to?: number },
  market: Market,
): readonly OpenTime[] {
  const start = nextOpen(from, market);
  if (to === undefined) return [{ start, end: undefined }];
  if (start >= to) return [{ start, end: start }];
  const times: { start: number; end: number }[] = [];
  for (let at = start; at < to; ) {
    const { kind, end } = market.calendar.session(at);
    const last = times.at(-1);
    if (market.kinds.includes(kind)) {
      if (last?.end === at) last.end = Math.min(end, to);
      else if (times.length < mostTimes) times.push({ start: at, end: Math.min(end, to) });
      else return [...times.slice(0, -1), { start: times.at(-1)?.start ?? start, end: to }];
    }
    at = end;
  }
  return times;
}

function nextOpen(from: number, { calendar, kinds }: Market): number {
  let at = from;
  for (let sessions = 0; sessions < mostSessions; sessions++) {
    const { kind, end } = calendar.session(at);
    if (kinds.includes(kind)) return at;
    at = end;
  }
  throw new FdpError('FDP_MESSAGE_INVALID', `calendar ${calendar.name} has no open session after ${from}`);
}
