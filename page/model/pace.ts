/** An exponentially smoothed rate of events, weighted only over the time observed so far. */
export interface Pace {
  /** The smoothed rate per second; `weight` is the observed share of the smoothing time. */
  readonly sum: number;
  readonly weight: number;
  /** Unix ms. */
  readonly since: number;
  readonly at: number;
}

/** The time constant of the smoothing, ms. */
const smoothing = 4000;
/** No rate is given before this much time has been observed, ms. */
const shortest = 1000;
/** After this long without an event, the rate decays, ms. */
const patience = 1000;

/** A rate observed from now on. */
export function beginPace(at: number): Pace {
  return { sum: 0, weight: 0, since: at, at };
}

/** The rate after `count` more events since the previous call. */
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

/** Events per second at `at`; decays while there are none. Undefined while too little time has been observed. */
export function paceAt({ sum, weight, since, at: before }: Pace, at: number): number | undefined {
  if (at - since < shortest) return undefined;
  const kept = Math.exp(-Math.max(0, at - before - patience) / smoothing);
  const seen = weight * kept + 1 - kept;
  if (seen === 0) return undefined;
  const rate = (sum * kept) / seen;
  return rate < 0.05 ? 0 : rate;
}
