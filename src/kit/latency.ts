/**
 * Upper bounds of the buckets, ms: two per octave, from 0.25 ms to 6.5 minutes; longer durations are beyond the last.
 */
export const latencyBounds: readonly number[] = Array.from(
  { length: 42 },
  (_unused, index) => 2 ** (Math.floor(index / 2) - 2) * (index % 2 === 0 ? 1 : 1.5),
);

/** Counts per bucket, the one beyond the last bound included; quantiles are estimates within their bucket. */
export interface LatencySnapshot {
  readonly counts: readonly number[];
  readonly count: number;
  readonly sumMs: number;
  /** Left out until something is counted. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/** A histogram of durations in fixed logarithmic buckets: constant memory, one step per batch. */
export class Latency {
  readonly #counts = new Array<number>(latencyBounds.length + 1).fill(0);
  #count = 0;
  #sumMs = 0;

  record(ms: number, messages: number): void {
    const index = latencyBounds.findIndex((bound) => ms <= bound);
    const bucket = index < 0 ? latencyBounds.length : index;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + messages;
    this.#count += messages;
    this.#sumMs += ms * messages;
  }

  snapshot(): LatencySnapshot {
    const all = { counts: [...this.#counts], count: this.#count, sumMs: this.#sumMs };
    return this.#count === 0 ? all : { ...all, p50Ms: this.#quantile(0.5), p99Ms: this.#quantile(0.99) };
  }

  #quantile(share: number): number {
    let left = share * this.#count;
    for (const [index, count] of this.#counts.entries()) {
      const [lower = 0, upper = lower] = [latencyBounds[index - 1], latencyBounds[index]];
      if (left <= count) return lower + ((upper - lower) * left) / count;
      left -= count;
    }
    return latencyBounds.at(-1) ?? 0;
  }
}
