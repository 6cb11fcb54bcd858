/** The session of a day in a calendar file: `09:30`, local time. */
interface Hours {
  readonly open: string;
  readonly close: string;
}

/** The parts of a calendar file that the page needs. */
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

/**
 * Returns a function that tells whether an instant (Unix ms) is in the market's regular session. A date that the
 * calendar does not list has the hours of its weekday.
 */
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
    // A day that starts at 17:00 has the date of the next day.
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

/** Maximum number of cached instants. */
const mostKept = 5000;

/** The same function with a cache: a chart calls it for every frame. */
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
