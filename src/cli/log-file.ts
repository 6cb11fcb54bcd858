import { mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { FdpError, messageOf } from '../errors.ts';
import type { LogDestination } from '../observe/log.ts';

const keptErrors = 20;

/** Takes the log while the terminal shows something else, and keeps the last errors to be printed afterwards. */
export interface LogFile extends LogDestination {
  /** The texts of the last error lines, 20 at most, the newest last. */
  readonly errors: readonly string[];
}

/**
 * Adds to a file, which is made when missing, with its folder. A line that can't be written later on is lost.
 * @throws FDP_USAGE when the file can't be opened
 */
export function openLogFile(path: string): LogFile {
  const errors: string[] = [];
  const file = open(path);
  return {
    errors,
    write: (line) => {
      const text = errorText(line);
      if (text !== undefined) errors.push(text);
      if (errors.length > keptErrors) errors.shift();
      try {
        writeSync(file, line);
      } catch {
        // A full disk must not end what is only looked at.
      }
    },
  };
}

function open(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, 'a');
  } catch (cause) {
    const text = `the log can't be written to ${path}: ${messageOf(cause)}: make it writable, or name another file`;
    throw new FdpError('FDP_USAGE', text, { cause });
  }
}

function errorText(line: string): string | undefined {
  if (!line.startsWith('{"level":"error"')) return undefined;
  try {
    return String((JSON.parse(line) as { readonly msg?: unknown }).msg);
  } catch {
    return line.trim();
  }
}
