import { hostname } from 'node:os';
import { FdpError } from '../errors.ts';

/** Names that Kafka and every metrics store accept. */
const pattern = /^[A-Za-z0-9._-]{1,100}$/;

let name: string | undefined;

/**
 * The name of this process in status, logs, metrics and client ids, which distinguishes it from others:
 * FDP_INSTANCE, else the host's name.
 * @param env read at the first call; afterwards the name stays
 * @throws FDP_USAGE for a name that they would not accept
 */
export function instanceName(env: Readonly<Record<string, string | undefined>> = process.env): string {
  name ??= nameFrom(env['FDP_INSTANCE']);
  return name;
}

/** The name that a variable gives; an empty one counts as none. */
export function nameFrom(given: string | undefined): string {
  if (!given)
    return (
      hostname()
        .replace(/[^A-Za-z0-9._-]/g, '-')
        .slice(0, 100) || 'localhost'
    );
  if (pattern.test(given)) return given;
  throw new FdpError('FDP_USAGE', `FDP_INSTANCE: expected 1 to 100 letters, digits, ".", "_" or "-", got "${given}"`);
}
