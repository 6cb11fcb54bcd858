import { type Chance, seededChance } from '../../../src/kit/chance.ts';

/** Whole sizes (`FDP_FAULTS=full`), or the part that every run of the tests has time for. */
export const isFull = process.env['FDP_FAULTS'] === 'full';

export function sized<T>({ full, fast }: { readonly full: T; readonly fast: T }): T {
  return isFull ? full : fast;
}

const given = process.env['FDP_FAULT_SEED'];
const fastSeed = 20251120;

/**
 * The chance by which a test's faults come. Its seed is printed: given as `FDP_FAULT_SEED` it repeats their schedule.
 * The fast part has always the same, the full one a new one each time.
 */
export function faultChance(test: string): Chance {
  const seed = given === undefined ? sized({ full: Date.now() % 2 ** 31, fast: fastSeed }) : Number(given);
  process.stdout.write(`${test}: FDP_FAULT_SEED=${seed}\n`);
  return seededChance(seed);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
