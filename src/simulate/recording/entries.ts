import type { RunRequest } from '../run.ts';
import type { TapeEntry } from '../tape.ts';
import { readManifest } from './manifest.ts';
import { readTape } from './read.ts';

/**
 * A recording as the tape of a run: each message at its time, or with the one before it if its time is earlier.
 * @throws FDP_USAGE if there is none, or it was changed
 */
export async function recordedTape(folder: string): Promise<Required<Pick<RunRequest, 'tape' | 'recorded'>>> {
  const recorded = readManifest(folder);
  const tape: TapeEntry[] = [];
  let atMs = 0;
  for await (const record of readTape(folder, recorded)) {
    atMs = Math.max(atMs, record.timestamp - recorded.from);
    tape.push({ atMs, key: record.key, content: { record } });
  }
  return { tape, recorded };
}
