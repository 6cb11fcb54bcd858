import type { Row } from '../../../kit/row.ts';
import { isFields, type SourceRecord } from './trades.ts';

const notOver = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Why the gaps of these options can't be checked here; undefined when they can. */
export function whyNoGaps(options: unknown): string | undefined {
  const { calendar } = options as { readonly calendar: string };
  return calendar === 'always' ? undefined : 'gaps of a calendar are not checked';
}

interface Span {
  readonly from: number;
  readonly to?: number;
  readonly reason: string;
  readonly feed: string;
}

/** The rows that `gaps` makes of records: one for each symbol and beginning. */
export function gapRows(records: readonly SourceRecord[]): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const { key: symbol, value } of records) {
    if (!isFields(value) || value['type'] !== 'gap') continue;
    const { from, to, reason, feed } = value['gap'] as Span;
    const key = [feed, String(symbol), from].map((part) => String(part).replaceAll(/[\\|]/g, '\\$&')).join('|');
    const known = rows.get(key)?.['to'] as number | undefined;
    const end = Math.min(known ?? notOver, to ?? notOver);
    const state = end === notOver ? 'open' : 'closed';
    rows.set(key, { key, id: `${feed}-${from}`, feed, symbol, from, to: end, reason, state, filled: 0 });
  }
  return [...rows.values()];
}
