import type { Bar } from '../../src/kit/bar.ts';

/** A slot on the time axis of the chart, with or without a bar. */
export interface Slot {
  /** Unix ms. */
  readonly time: number;
  readonly bar: Bar | undefined;
  /** Why there is no bar: the feed was disconnected, or the time until the next bar is left out. */
  readonly without?: 'gap' | 'break';
}

/** When the feed was disconnected, up to this many missing bars have a slot each. */
const mostMissing = 30;
/** Otherwise the limit is this time, ms; a longer time, such as a night, is one slot. */
const shortBreak = 1_800_000;
const dayMs = 86_400_000;
const mostSlots = 2000;

/** The bars as slots of `ms`. Time without bars has slots too, but a night has only one, and days adjoin. */
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

/** The index of the first slot that differs; the length of the shorter list if the other begins with it. */
export function firstChange(before: readonly Slot[], after: readonly Slot[]): number {
  const shared = Math.min(before.length, after.length);
  for (let place = 0; place < shared; place++) {
    const [one, other] = [before[place], after[place]];
    if (one?.time !== other?.time || one?.bar !== other?.bar || one?.without !== other?.without) return place;
  }
  return shared;
}
