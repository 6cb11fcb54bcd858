import { seededChance } from '../../kit/chance.ts';
import { systemClock } from '../../kit/clock.ts';
import type { Environment } from '../../kit/environment.ts';
import { createLog } from '../../observe/log.ts';

/** The environment of a command that prints its own output: only errors are logged. */
export async function quietEnvironment(): Promise<Environment> {
  const log = await createLog({ level: 'error' });
  return { clock: systemClock, chance: seededChance(process.pid), log, failPoint: () => {} };
}
