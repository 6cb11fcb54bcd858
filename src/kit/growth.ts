/** A counter at a moment. */
export interface Count {
  /** Unix ms. */
  readonly at: number;
  readonly count: number | undefined;
}

/**
 * How fast a counter grew between two moments, per second; undefined when one count is not known or no time lies
 * between. A counter that restarted from 0 gives 0, never less. Every screen shows rates by this one function.
 */
export function growthPerSecond(from: Count | undefined, to: Count | undefined): number | undefined {
  if (from?.count === undefined || to?.count === undefined || to.at <= from.at) return undefined;
  return (Math.max(0, to.count - from.count) * 1000) / (to.at - from.at);
}
