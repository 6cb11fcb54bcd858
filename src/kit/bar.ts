import { numberOf, timeOf } from './foreign-values.ts';

// Bars as the live page and the dashboard draw them. The page runs in browsers, so nothing of Node is used here.

/** `open`: the bar has not ended; `incomplete`: it has, and some of its trades are missing. */
type BarState = 'open' | 'complete' | 'incomplete';

/** A bar that can be drawn: finite numbers, `low` the lowest and `high` the highest of the four prices. */
export interface Bar {
  /** Unix ms; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Undefined while the bar is not stored. */
  readonly volume: number | undefined;
  readonly vwap: number | undefined;
  readonly trades: number | undefined;
  /** Number of trades that arrived after the bar's end and corrected it. */
  readonly lateTrades: number;
  /** How long the feed was disconnected during the bar, ms. */
  readonly gapMs: number;
  readonly state: BarState;
}

/** How long after its end a bar may take to be complete, ms. */
const settlingMs = 2000;

/**
 * The list of bars in a response of `GET /api/v1/candles/{symbol}`, oldest first, one per start; items that can't be
 * drawn are left out. Undefined if it is no list, or nothing in it is a bar.
 * @param readAt when it was requested, Unix ms
 */
export function readBars(items: unknown, readAt: number): readonly Bar[] | undefined {
  if (!Array.isArray(items)) return undefined;
  const bars = new Map(items.flatMap((item) => readBar(item, readAt) ?? []).map((bar) => [bar.start, bar]));
  if (bars.size === 0 && items.some((item) => !isUnpriced(item))) return undefined;
  return [...bars.values()].sort((one, other) => one.start - other.start);
}

function readBar(item: unknown, readAt: number): Bar | undefined {
  const fields = fieldsOf(item);
  const prices = ['open', 'high', 'low', 'close'].map((name) => numberOf(fields[name]));
  const [open, , , close] = prices;
  const [start, end] = [timeOf(fields['start']), timeOf(fields['end'])];
  const known = prices.filter((price) => price !== undefined);
  if (start === undefined || end === undefined || end <= start) return undefined;
  if (open === undefined || close === undefined || known.length < prices.length) return undefined;
  const isOpen = end + settlingMs > readAt;
  return {
    ...{ start, end, open, high: Math.max(...known), low: Math.min(...known), close },
    ...{ volume: numberOf(fields['volume']), vwap: numberOf(fields['vwap']), trades: numberOf(fields['trades']) },
    lateTrades: Math.max(0, numberOf(fields['late_trades']) ?? 0),
    gapMs: Math.max(0, numberOf(fields['gap_ms']) ?? 0),
    state: fields['complete'] === true ? 'complete' : isOpen ? 'open' : 'incomplete',
  };
}

/** True for a bar without a trade that counts for its prices. */
function isUnpriced(item: unknown): boolean {
  const { open, close } = fieldsOf(item);
  return open === null && close === null;
}

/** True if trades of the bar are missing: the feed was disconnected, or the log did not reach back to its start. */
export function isLacking({ gapMs, state }: Bar): boolean {
  return gapMs > 0 || state === 'incomplete';
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
