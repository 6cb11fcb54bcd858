import { gapMessage, isGapMessage } from '../../../src/kit/gap-message.ts';
import { tryParseJson } from '../../../src/kit/json.ts';

/** A time in which trades were dropped, Unix ms. */
export interface Missed {
  readonly from: number;
  readonly to: number;
}

/** What is lost with a message: a gap message is kept, trades leave a gap, anything else leaves nothing. */
export function lossOf(value: string | Uint8Array): 'gap message' | Missed | undefined {
  const parsed = tryParseJson(value);
  if (isGapMessage(parsed)) return 'gap message';
  const data = (parsed as { readonly data?: unknown } | null | undefined)?.data;
  if (!Array.isArray(data)) return undefined;
  const times = data.map((trade: { readonly t?: unknown } | null) => trade?.t).filter(isTime);
  if (times.length === 0) return undefined;
  return { from: Math.min(...times), to: Math.max(...times) + 1 };
}

/** Both times and what is between them. */
export function union(a: Missed | undefined, b: Missed): Missed {
  return a === undefined ? b : { from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) };
}

/** The gap message of a time, as the log stores it. */
export function missedText({ from, to }: Missed, key: string, feed: string): string {
  return JSON.stringify(gapMessage({ from, to, reason: 'the disk buffer was full', feed }, key, to).value);
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
