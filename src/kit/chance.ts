import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * Seeded random numbers, so that a run can be repeated: jitter, market moves and injected faults
 * all use one source.
 */
export interface Chance {
  /** Uniform in [0, 1). */
  next(): number;
}

/** The same seed gives the same sequence on every machine (xoroshiro128+). */
export function seededChance(seed: number): Chance {
  const generator = xoroshiro128plus(seed);
  return { next: () => uniformFloat64(generator) };
}
