import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { errorText, FdpError } from '../../errors.ts';
import { parseJson } from '../../kit/json.ts';

/** The version of the format that is written and read. */
export const tapeVersion = 1;
export const manifestName = 'tape.json';
export const messagesName = 'messages.ndjson.gz';

/** What `tape.json` says of a tape: the part of a log that is beside it. */
export interface Manifest {
  readonly tape: typeof tapeVersion;
  /** The connector of the log, as the pipeline names it. */
  readonly connector: string;
  readonly topic: string;
  /** Random, made with the topic. */
  readonly topic_id: string;
  /** The name of the pipeline, and the SHA-256 of what `fdp config` prints of it. */
  readonly pipeline: string;
  readonly spec: string;
  /** Only messages with this key. */
  readonly symbol?: string;
  readonly messages: number;
  /** The earliest and the latest time of a message, Unix ms. */
  readonly from: number;
  readonly to: number;
  readonly partitions: readonly PartitionRange[];
  /** SHA-256 of the last line and all before it. */
  readonly chain: string;
}

/** What of a partition is on the tape: from `first` up to before `next`; with `--symbol` not each offset between. */
export interface PartitionRange {
  readonly partition: number;
  readonly first: number;
  readonly next: number;
  readonly messages: number;
}

/** What a hash chain begins with. */
export function chainSeed({ topic, topic_id }: Pick<Manifest, 'topic' | 'topic_id'>): string {
  return JSON.stringify({ tape: tapeVersion, topic, topic_id });
}

/**
 * What a tape is of, its messages unread.
 * @throws FDP_USAGE for a folder that is no tape, an unfinished recording, and another version of the format
 */
export function readManifest(folder: string): Manifest {
  const path = join(folder, manifestName);
  const found = statSync(folder, { throwIfNoEntry: false });
  if (!found) throw new FdpError('FDP_USAGE', `there is no tape ${folder}`);
  if (!found.isDirectory()) throw new FdpError('FDP_USAGE', `${folder}: expected a folder with a ${manifestName}`);
  let value: unknown;
  try {
    value = parseJson(readFileSync(path));
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : `is broken: ${errorText(error)}`;
    throw new FdpError('FDP_USAGE', `${path} ${why}: the folder is no tape, or its recording was not finished`);
  }
  const problem = problemOf(value);
  if (problem !== undefined) throw new FdpError('FDP_USAGE', `${path}: ${problem}`);
  return value as Manifest;
}

const texts = ['connector', 'topic', 'topic_id', 'pipeline', 'spec', 'chain'] as const;
const numbers = ['messages', 'from', 'to'] as const;

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'expected an object';
  const given = value as Readonly<Record<string, unknown>>;
  const { tape, partitions } = given;
  if (typeof tape !== 'number') return 'expected the version of a tape as `tape`';
  if (tape !== tapeVersion)
    return `a tape of version ${tape}, and this fdp reads version ${tapeVersion}: record it again, or use the fdp that recorded it`;
  const missing = [
    ...texts.filter((name) => typeof given[name] !== 'string'),
    ...numbers.filter((name) => !Number.isSafeInteger(given[name])),
  ];
  if (missing.length > 0) return `expected ${missing.join(', ')}`;
  const isRange = (each: Partial<PartitionRange> | null, at: number) =>
    each?.partition === at && [each.first, each.next, each.messages].every(Number.isSafeInteger);
  return Array.isArray(partitions) && partitions.length > 0 && partitions.every(isRange)
    ? undefined
    : 'expected partitions, each with partition, first, next and messages';
}
