import type { Bar } from './bars.ts';

/** A place on the time axis of the chart: with a bar, or where none is. */
export interface Slot {
  /** Unix ms. */
  readonly time: number;
  readonly bar: Bar | undefined;
  /** Why there is none: the feed was away, or the time until the next bar is left out. */
  readonly without?: 'gap' | 'break';
}

/** Of a time without bars so many are shown one by one, when the feed was away. */
const mostMissing = 30;
/** Otherwise so much, ms: longer ones, as a night, are one slot. */
const shortBreak = 1_800_000;
const dayMs = 86_400_000;
const mostSlots = 2000;

/** The bars as slots of `ms`: where there are none, time passes too, but a night takes one slot, and days follow each other. */
export function slotsOf(bars: readonly Bar[], ms: number): readonly Slot[] {
  const slots: Slot[] = [];
  for (const bar of bars) {
    const before = slots.at(-1)?.bar;
    if (before) slots.push(...between(before, bar, ms));
    slots.push({ time: bar.start, bar });
  }
  return slots.slice(-mostSlots);
}

function between(before: Bar, { start, gapMs }: Bar, ms: number): readonly Slot[] {
  const missing = Math.floor((start - before.end) / ms);
  if (missing <= 0) return [];
  const isGap = before.gapMs > 0 && gapMs > 0;
  if (missing > (isGap ? mostMissing : shortBreak / ms))
    return ms < dayMs || isGap ? [{ time: before.end, bar: undefined, without: isGap ? 'gap' : 'break' }] : [];
  return Array.from({ length: missing }, (_, place) => ({
    time: before.end + place * ms,
    bar: undefined,
    ...(isGap ? { without: 'gap' } : {}),
  }));
}

/** From which slot on two lists differ; the length of the shorter one where it is the beginning of the other. */
export function firstChange(before: readonly Slot[], after: readonly Slot[]): number {
  const shared = Math.min(before.length, after.length);
  for (let place = 0; place < shared; place++) {
    const [one, other] = [before[place], after[place]];
    if (one?.time !== other?.time || one?.bar !== other?.bar || one?.without !== other?.without) return place;
  }
  return shared;
}
