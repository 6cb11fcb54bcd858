const minuteMs = 60_000;
const dayMs = 86_400_000;

/** A time zone of the IANA database, by the data of the JavaScript engine (`Intl`). */
export class TimeZone {
  /** Undefined for UTC, whose offset is known: a format takes 15 ms to make, which each start would pay. */
  readonly #format: Intl.DateTimeFormat | undefined;

  /**
   * @param name `America/New_York`, `UTC`
   * @throws RangeError when there is no such zone
   */
  constructor(name: string) {
    if (name === 'UTC') return;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  /**
   * When a local day and minute is, Unix ms. A time that a clock put forward skips is as much later as was skipped; of two
   * that a clock put back repeats it is the first.
   *
   * @param day days since 1970-01-01
   * @param minute of that day, from 0; 1440 and more are in the days after it
   */
  instant(day: number, minute: number): number {
    const local = day * dayMs + minute * minuteMs;
    const before = this.#offset(local - dayMs);
    const first = local - before;
    if (this.#offset(first) === before) return first;
    const after = this.#offset(local + dayMs);
    return this.#offset(local - after) === after ? local - after : first;
  }

  /** Local time minus UTC at an instant, ms. */
  #offset(instant: number): number {
    if (!this.#format) return 0;
    const whole = Math.floor(instant / 1000) * 1000;
    const parts: Record<string, string> = {};
    for (const { type, value } of this.#format.formatToParts(whole)) parts[type] = value;
    const { year, month, day, hour, minute, second, era } = parts;
    const date = new Date(0);
    date.setUTCFullYear(era === 'B' || era === 'BC' ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
    date.setUTCHours(Number(hour), Number(minute), Number(second));
    return date.getTime() - whole;
  }
}
