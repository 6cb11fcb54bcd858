import type { Bar } from '../../src/kit/bar.ts';
import { priceText } from '../../src/kit/price-text.ts';
import { unknown } from './format.ts';

/** The prices of a day, from daily bars; undefined where the bars lack them. */
interface Day {
  readonly open: number | undefined;
  readonly high: number | undefined;
  readonly low: number | undefined;
  /** The close of the previous day. */
  readonly previousClose: number | undefined;
}

/** The day that `at` (Unix ms) is in. `bars` are daily, oldest first. */
export function dayAt(bars: readonly Bar[], at: number): Day {
  const place = bars.findLastIndex(({ start, end }) => start <= at && at < end);
  const today = bars[place];
  const previous = today ? bars[place - 1] : bars.findLast(({ end }) => end <= at);
  return { open: today?.open, high: today?.high, low: today?.low, previousClose: previous?.close };
}

/** The change between two prices, with a sign: `+1.24 (+0.63 %)`. No percentage if the first price is not positive. */
export function changeText(from: number | undefined, to: number | undefined, decimals: number): string {
  if (from === undefined || to === undefined) return unknown;
  const change = to - from;
  const text = signed(priceText(change, decimals));
  return from > 0 ? `${text} (${signed(((change / from) * 100).toFixed(2))} %)` : text;
}

function signed(text: string): string {
  if (!/[1-9]/.test(text)) return text.replace('-', '');
  return text.startsWith('-') ? text.replace('-', '−') : `+${text}`;
}
