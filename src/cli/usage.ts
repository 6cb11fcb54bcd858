import { FdpError } from '../errors.ts';
import { timeExpected, timeMs } from '../kit/time-text.ts';

/** Makes the error of a command that was asked for what it can't do. */
export type Usage = (text: string) => FdpError;

/** The errors of a command: `export: TEXT`. */
export function usageOf(command: string): Usage {
  return (text) => new FdpError('FDP_USAGE', `${command}: ${text}`);
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
