import { FdpError } from '../../errors.ts';
import { ratePerSecond } from '../../kit/units.ts';
import { usageOf } from '../shared/usage.ts';
import { seedRange } from './seeds.ts';

export interface SimulateFlags {
  readonly hours?: string;
  readonly rate?: string;
  readonly seed?: string;
  readonly seeds?: string;
  readonly untilFailure?: boolean;
  readonly faults?: string;
  readonly json?: boolean;
}

/** Makes the errors of the command. */
export const usage = usageOf('simulate');

/** @throws FDP_USAGE for a flag that is wrong */
export function numbersOf({ hours = '6.5', seed = '1', seeds, rate = '50/s' }: SimulateFlags) {
  const length = Number(hours);
  if (!(length > 0 && length <= 168)) throw usage(`--hours: expected more than 0, at most 168, got "${hours}"`);
  if (!/^\d{1,9}$/.test(seed)) throw usage(`--seed: expected a whole number, got "${seed}"`);
  const range = seeds === undefined ? undefined : seedRange(seeds);
  if (seeds !== undefined && !range) throw usage(`--seeds: expected a range such as 1..200, got "${seeds}"`);
  return { hours: length, seed: Number(seed), seeds: range, tradesPerSecond: rateOf(rate) };
}

function rateOf(rate: string): number {
  try {
    const perSecond = ratePerSecond(rate);
    if (perSecond > 0 && Number.isFinite(perSecond)) return perSecond;
  } catch (error) {
    if (!(error instanceof FdpError)) throw error;
  }
  throw usage(`--rate: expected trades per second such as 50/s, got "${rate}"`);
}
