import type { Row } from '../../../kit/row.ts';
import { type Hours, hoursIn, isWithin } from './hours.ts';
import { isFields, type SourceRecord } from './trades.ts';

const notOver = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const minuteMs = 60_000;

interface Options {
  readonly calendar: string;
  readonly session: 'regular' | 'extended';
}

interface Span {
  readonly from: number;
  readonly to?: number;
  readonly reason: string;
  readonly feed: string;
}

interface Time {
  readonly start: number;
  end: number;
}

/** The rows that `gaps` makes of records: one for each symbol, absence, and time in which the market was open in it. */
export class Gaps {
  readonly #options: Options;
  readonly #hours: Hours;
  readonly #rows = new Map<string, Row>();

  constructor(options: unknown) {
    this.#options = options as Options;
    this.#hours = hoursIn(this.#options.calendar);
  }

  take({ key: symbol, value }: SourceRecord): void {
    if (!isFields(value) || value['type'] !== 'gap') return;
    const { from, to, reason, feed } = value['gap'] as Span;
    for (const { start, end } of this.#times(from, to)) {
      const parts = [feed, String(symbol), from, ...(start === from ? [] : [start])];
      const key = parts.map((part) => String(part).replaceAll(/[\\|]/g, '\\$&')).join('|');
      const known = this.#rows.get(key);
      const isClosed = to !== undefined || known?.['state'] === 'closed';
      this.#rows.set(key, {
        ...{ key, id: `${feed}-${from}`, feed, symbol, from: start, reason, filled: 0 },
        to: Math.min((known?.['to'] as number | undefined) ?? notOver, end),
        state: isClosed ? 'closed' : 'open',
      });
    }
  }

  rows(): readonly Row[] {
    return [...this.#rows.values()];
  }

  /** Minute by minute: when the market was open. If it never was, no time at all at its next opening. */
  #times(from: number, to: number | undefined): readonly Time[] {
    const times: Time[] = [];
    for (let at = from; at < (to ?? from); at = nextMinute(at)) {
      if (!this.#isOpen(at)) continue;
      const [last, end] = [times.at(-1), Math.min(nextMinute(at), to ?? notOver)];
      if (last?.end === at) last.end = end;
      else times.push({ start: at, end });
    }
    if (times.length > 0) return times;
    let start = from;
    while (!this.#isOpen(start)) start = nextMinute(start);
    return [{ start, end: to === undefined ? notOver : start }];
  }

  #isOpen(time: number): boolean {
    return isWithin(this.#hours.kindAt(time), this.#options.session);
  }
}

function nextMinute(time: number): number {
  return (Math.floor(time / minuteMs) + 1) * minuteMs;
}
