import { FdpError } from '../../errors.ts';
import { linkedAbort, systemClock, woken } from '../../kit/clock.ts';

// The output of commands. A closed pipe is not an error (`fdp config | head`); a full disk is.

const gone = linkedAbort().controller;
let problem: NodeJS.ErrnoException | undefined;

/** Aborts when the output's reader has closed it. */
export const outputGone: AbortSignal = gone.signal;

/** From now on write errors of the standard output and error are handled here instead of ending the process. */
export function watchOutput(): void {
  process.stdout.on('error', failed);
  process.stderr.on('error', () => {});
}

/** Prints; `outputWritten` reports what cannot be written. */
export function print(text: string): void {
  if (gone.signal.aborted) return;
  try {
    process.stdout.write(text, (error) => error && failed(error));
  } catch (error) {
    failed(error as Error);
  }
}

/**
 * Resolves when all output is written, or its reader has closed it.
 * @throws FDP_DISK_FULL, FDP_REFUSED when it could not be written
 */
export async function outputWritten(): Promise<void> {
  if (!gone.signal.aborted && process.stdout.writableLength > 0) await written();
  // A stream reports its error one turn later.
  await systemClock.turn();
  if (problem === undefined) return;
  const code = problem.code === 'ENOSPC' ? 'FDP_DISK_FULL' : 'FDP_REFUSED';
  throw new FdpError(code, `the output cannot be written: ${problem.message}`, { cause: problem });
}

function written(): Promise<void> {
  return woken(gone.signal, (wake) => {
    process.stdout.write('', () => wake());
    return () => {};
  });
}

function failed(error: NodeJS.ErrnoException): void {
  if (!isReaderGone(error)) problem ??= error;
  gone.abort();
}

function isReaderGone({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED' || code === 'ECONNRESET' || code === 'EIO';
}
