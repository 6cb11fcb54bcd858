import { FdpError } from '../../src/errors.ts';
import type { Lookup } from '../../src/kit/lookup.ts';
import type { Row } from '../../src/kit/row.ts';

/** Gaps of a question, at most. */
const mostGaps = 100_000;

/** A time, Unix ms; the end is not within it. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** How long the feeds of a symbol were away in a span, ms. */
export type Away = (span: Span) => number;

/**
 * Reads the gaps of a symbol that were not over at `from`: times in which several feeds were away, and gaps that are noted twice,
 * count once; a gap that is not over lasts until `now`. Spans begin at `from` or later.
 *
 * @throws FDP_RESULT_TOO_LARGE for more than 100,000 gaps; and what the store throws (FDP_UNAVAILABLE)
 */
export async function readGaps(
  table: Pick<Lookup, 'find'>,
  { symbol, from, now }: { readonly symbol: string; readonly from: number; readonly now: number },
  signal: AbortSignal,
): Promise<Away> {
  const rows = await table.find(
    {
      where: { symbol },
      ranges: [{ field: 'to', from }],
      sort: [{ field: 'to', descending: false }],
      limit: mostGaps,
      belowLimit: true,
    },
    signal,
  );
  if (rows.length >= mostGaps)
    throw new FdpError(
      'FDP_RESULT_TOO_LARGE',
      `${symbol}: more than ${mostGaps} gaps since ${from}: ask for a later range`,
    );
  const times = union(rows.map((row) => spanOf(row, now)));
  return (span) => overlap(span, times);
}

/** How much of the span lies within the times, which are in order and apart from each other. */
function overlap({ start, end }: Span, times: readonly Span[]): number {
  let sum = 0;
  for (let at = firstEndingAfter(times, start); at < times.length; at++) {
    const time = times[at] as Span;
    if (time.start >= end) break;
    sum += Math.min(end, time.end) - Math.max(start, time.start);
  }
  return sum;
}

function firstEndingAfter(times: readonly Span[], start: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as Span).end > start) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The same times, in order, without any that overlap. */
function union(spans: readonly Span[]): readonly Span[] {
  const times: { start: number; end: number }[] = [];
  for (const { start, end } of spans.filter((span) => span.end > span.start).sort((a, b) => a.start - b.start)) {
    const last = times.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else times.push({ start, end });
  }
  return times;
}

function spanOf({ from, to, state }: Row, now: number): Span {
  if (typeof from !== 'number' || typeof to !== 'number')
    throw new FdpError('FDP_INTERNAL', `a gap has the times ${String(from)} and ${String(to)}`);
  return { start: from, end: state === 'filled' ? from : Math.min(to, now) };
}
