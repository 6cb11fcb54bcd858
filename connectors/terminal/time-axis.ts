import type { Bar } from '../../src/kit/bar.ts';
import { durationMs } from '../../src/kit/units.ts';
import { grey, type Line, span } from './lines.ts';
import { clockText, dateText } from './text.ts';

interface TimeAxis {
  readonly interval: string;
  /** Columns of the plot; the newest bar is in the last one. */
  readonly width: number;
  /** Columns per bar. */
  readonly slot: number;
  /** Wall clock, Unix ms. */
  readonly now: number;
}

const dayMs = 86_400_000;
const minuteMs = 60_000;

/** The start times of the bars as labels under them; the last label is `now` while its bar is open. */
export function timeAxis(bars: readonly Bar[], { interval, width, slot, now }: TimeAxis): Line {
  const lengthMs = durationMs(interval);
  const last = bars.at(-1);
  if (!last) return [];
  const texts: { readonly text: string; readonly from: number }[] = [];
  const labelWidth = lengthMs % minuteMs === 0 ? 5 : 8;
  const every = Math.ceil((labelWidth + 2) / slot);
  const lastText = last.end > now ? 'now' : labelOf(last, lengthMs, true);
  texts.push({ text: lastText, from: width - lastText.length });
  // The last character of a label is under its bar; labels are laid out from the newest bar backwards.
  for (let back = every; back < bars.length; back += every) {
    const bar = bars[bars.length - 1 - back];
    const older = bars[bars.length - 1 - back - every];
    if (!bar) break;
    const text = labelOf(bar, lengthMs, dayOf(older ?? last, lengthMs) === dayOf(bar, lengthMs));
    const from = width - back * slot - text.length;
    if (from < 0) break;
    texts.push({ text, from });
  }
  const line = texts.reverse().reduce((all, { text, from }) => all.padEnd(from) + text, '');
  return [span(line, grey)];
}

/** The start time of a bar; its date, if the day differs from that of the label before it, or the bar is daily. */
function labelOf(bar: Bar, lengthMs: number, isSameDay: boolean): string {
  if (lengthMs >= dayMs || !isSameDay) return dayOf(bar, lengthMs);
  return clockText(bar.start).slice(0, lengthMs % minuteMs === 0 ? 5 : 8);
}

/**
 * The date in this machine's time zone; for a daily bar, the UTC date of its middle, because a session may begin the
 * day before.
 */
function dayOf({ start, end }: Bar, lengthMs: number): string {
  return lengthMs >= dayMs ? new Date((start + end) / 2).toISOString().slice(5, 10) : dateText(start);
}
