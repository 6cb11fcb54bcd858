/** The hours of a day, as a calendar file has them: `09:30`, local time. */
interface Hours {
  readonly open: string;
  readonly close: string;
}

/** A calendar file, as far as the page needs it. */
export interface CalendarData {
  readonly zone: string;
  readonly day_starts?: string;
  readonly sessions: Readonly<Record<string, Hours>>;
  readonly holidays?: Readonly<Record<string, string>>;
  readonly early_closes?: Readonly<Record<string, { readonly close: string }>>;
}

const weekdays = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const dayMs = 86_400_000;
const dayMinutes = 1440;

/** Whether an instant, Unix ms, lies in the regular session of a market. Local days: what a calendar does not cover counts as its weekday. */
export function regularSession(data: CalendarData): (unixMs: number) => boolean {
  const dayStarts = minutesOf(data.day_starts ?? '00:00');
  const local = new Intl.DateTimeFormat('en-CA', {
    ...{ timeZone: data.zone, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit' },
  });
  const sinceStart = (time: string) => (minutesOf(time) - dayStarts + dayMinutes) % dayMinutes;
  return (unixMs) => {
    const part = new Map(local.formatToParts(unixMs).map(({ type, value }) => [type, value]));
    const minute = 60 * Number(part.get('hour')) + Number(part.get('minute'));
    // A day that starts at 17:00 is named by the date after it.
    const isNext = dayStarts > 0 && minute >= dayStarts;
    const midnight = Date.parse(`${part.get('year')}-${part.get('month')}-${part.get('day')}T00:00:00Z`);
    const day = midnight + (isNext ? dayMs : 0);
    const date = new Date(day).toISOString().slice(0, 10);
    const hours = data.sessions[weekdays[new Date(day).getUTCDay()] ?? ''];
    if (!hours || data.holidays?.[date] !== undefined) return false;
    const at = (minute - dayStarts + dayMinutes) % dayMinutes;
    const close = sinceStart(data.early_closes?.[date]?.close ?? hours.close) || dayMinutes;
    return at >= sinceStart(hours.open) && at < close;
  };
}

/** Instants whose answer is kept. */
const mostKept = 5000;

/** The same, asked but once for each instant: a chart asks with every frame. */
export function remembered(isRegular: (unixMs: number) => boolean): (unixMs: number) => boolean {
  const known = new Map<number, boolean>();
  return (unixMs) => {
    const before = known.get(unixMs);
    if (before !== undefined) return before;
    if (known.size >= mostKept) known.clear();
    const answer = isRegular(unixMs);
    known.set(unixMs, answer);
    return answer;
  };
}

function minutesOf(time: string): number {
  return 60 * Number(time.slice(0, 2)) + Number(time.slice(3));
}
