import { type Chance, seededChance } from '../../../src/kit/chance.ts';

/** Full sizes (`FDP_FAULTS=full`), or a fast part for every test run. */
export const isFull = process.env['FDP_FAULTS'] === 'full';

export function sized<T>({ full, fast }: { readonly full: T; readonly fast: T }): T {
  return isFull ? full : fast;
}

const given = process.env['FDP_FAULT_SEED'];
const fastSeed = 20251120;

/**
 * The random source for a test's faults. Its seed is printed; set as `FDP_FAULT_SEED`, it repeats the schedule. The
 * fast part always has the same seed, the full one a new seed each time.
 */
export function faultChance(test: string): Chance {
  const seed = given === undefined ? sized({ full: Date.now() % 2 ** 31, fast: fastSeed }) : Number(given);
  process.stdout.write(`${test}: FDP_FAULT_SEED=${seed}\n`);
  return seededChance(seed);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
