import { FdpError } from '../../errors.ts';
import { suggestion } from '../../kit/names.ts';
import { timeExpected, timeMs } from '../../kit/time-text.ts';
import type { Spec } from '../../pipeline/spec.ts';

/** Makes the error of a command that was asked for what it can't do. */
export type Usage = (text: string) => FdpError;

/** The errors of a command: `export: TEXT`. */
export function usageOf(command: string): Usage {
  return (text) => new FdpError('FDP_USAGE', `${command}: ${text}`);
}

/** @throws FDP_USAGE with the nearest name if the pipeline has no topology of a name */
export function checkTopologyNames(command: string, { topologies }: Spec, asked: readonly string[]): void {
  const known = [...topologies.keys()];
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw usageOf(command)(`there is no topology "${unknown}": ${suggestion(unknown, known, 'topologies')}`);
}

/**
 * The time that a flag gives, Unix ms; undefined when it isn't given.
 * @throws FDP_USAGE when the text is no time
 */
export function timeOfFlag(usage: Usage, flag: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = timeMs(text, now);
  if (ms === undefined) throw usage(`--${flag}: expected ${timeExpected}, got "${text}"`);
  return ms;
}
