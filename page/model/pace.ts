/** How often something happens, smoothed over the time that it has been watched, and no longer. */
export interface Pace {
  /** The smoothed number per second; `weight` is the share of the smoothing time that has been seen. */
  readonly sum: number;
  readonly weight: number;
  /** Unix ms. */
  readonly since: number;
  readonly at: number;
}

/** The smoothing time, ms. */
const smoothing = 4000;
/** Shorter times give no rate, ms. */
const shortest = 1000;
/** A pace fades after this long without an event, ms. */
const patience = 1000;

/** Watched from now on. */
export function beginPace(at: number): Pace {
  return { sum: 0, weight: 0, since: at, at };
}

/** The pace after that many more events since the previous time. */
export function withCount({ sum, weight, since, at: before }: Pace, count: number, at: number): Pace {
  const passed = Math.max(1, at - before);
  const kept = Math.exp(-passed / smoothing);
  return {
    sum: sum * kept + ((count * 1000) / passed) * (1 - kept),
    weight: weight * kept + 1 - kept,
    since,
    at: Math.max(before, at),
  };
}

/** Per second, at that time or later: it fades while nothing comes. Undefined as long as too little has been seen. */
export function paceAt({ sum, weight, since, at: before }: Pace, at: number): number | undefined {
  if (at - since < shortest) return undefined;
  const kept = Math.exp(-Math.max(0, at - before - patience) / smoothing);
  const seen = weight * kept + 1 - kept;
  if (seen === 0) return undefined;
  const rate = (sum * kept) / seen;
  return rate < 0.05 ? 0 : rate;
}
