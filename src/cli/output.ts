import { FdpError } from '../errors.ts';
import { linkedAbort, systemClock, woken } from '../kit/clock.ts';

// What commands print. A reader that has gone is no fault (`fdp-run config | head`); a disk that is full is one.

const gone = linkedAbort().controller;
let problem: NodeJS.ErrnoException | undefined;

/** Aborts when what is printed reaches nobody any more. */
export const outputGone: AbortSignal = gone.signal;

/** From now on a standard output or error that can't be written ends nothing by itself. */
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
 * Resolves when all that was printed is written, or nobody reads it any more.
 * @throws FDP_DISK_FULL, FDP_REFUSED when it could not be written
 */
export async function outputWritten(): Promise<void> {
  if (!gone.signal.aborted && process.stdout.writableLength > 0) await written();
  // A stream tells of its error a turn later.
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
