import { numberOf, timeOf } from '../shared/feed/line.ts';

/** A bar as it is drawn: finite numbers, `low` the lowest and `high` the highest of the four prices. */
export interface Bar {
  /** Unix ms. */
  readonly start: number;
  /** Unix ms, after `start`. */
  readonly end: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Undefined if unknown, as for a bar that only the feed has shown so far. */
  readonly volume: number | undefined;
  /** The bar has ended, and none of its trades is missing. */
  readonly isComplete: boolean;
  /** Trades that arrived after the bar's end changed it. */
  readonly isCorrected: boolean;
  /** How long the feed was disconnected during the bar, ms. */
  readonly gapMs: number;
}

/**
 * The bars in a response of `GET /api/v1/candles/{symbol}`, `{ data: { data: [...] } }`, oldest first, one per start;
 * invalid items are left out. Undefined if the response has another form.
 */
export function readBars(body: unknown): readonly Bar[] | undefined {
  const { data } = fieldsOf(fieldsOf(body)['data']);
  if (!Array.isArray(data)) return undefined;
  const bars = new Map(data.flatMap((item) => readBar(item) ?? []).map((bar) => [bar.start, bar]));
  if (bars.size === 0 && data.length > 0) return undefined;
  return [...bars.values()].sort((a, b) => a.start - b.start);
}

function readBar(value: unknown): Bar | undefined {
  const fields = fieldsOf(value);
  const prices = ['open', 'high', 'low', 'close'].map((name) => numberOf(fields[name]));
  const [open, , , close] = prices;
  const [start, end] = [timeOf(fields['start']), timeOf(fields['end'])];
  const known = prices.filter((price) => price !== undefined);
  if (start === undefined || end === undefined || end <= start) return undefined;
  if (open === undefined || close === undefined || known.length < prices.length) return undefined;
  return {
    ...{ start, end, open, close, high: Math.max(...known), low: Math.min(...known) },
    volume: numberOf(fields['volume']),
    isComplete: fields['complete'] === true,
    isCorrected: (numberOf(fields['late_trades']) ?? 0) > 0,
    gapMs: Math.max(0, numberOf(fields['gap_ms']) ?? 0),
  };
}

/** The newer bars, and the known ones from before the first of them; the last `most` of all. */
export function mergedBars(known: readonly Bar[], newer: readonly Bar[], most: number): readonly Bar[] {
  const [first] = newer;
  if (!first) return known;
  return [...known.filter(({ start }) => start < first.start), ...newer].slice(-most);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
