import type { Lane } from '../../kit/source.ts';
import type { TapeRecord } from './line.ts';

/** What is wanted of a log. */
export interface Wanted {
  isWanted(record: TapeRecord): boolean;
  /** Whether what is wanted hardly comes after it. */
  isPast(record: TapeRecord): boolean;
}

/**
 * A partition is read no further after so many messages in a row that are past: a clock that was wrong for a moment has dated some,
 * and what comes after them may be wanted.
 */
const mostPast = 1000;

/**
 * The records of the partitions of a log by their time; those of a partition stay in their order, and of equal times the lower
 * partition comes first. Holds one reading of each lane.
 */
export async function* mergedByTime(
  lanes: readonly Lane[],
  wanted: Wanted,
  signal: AbortSignal,
): AsyncGenerator<TapeRecord> {
  const waiting = new Map<AsyncGenerator<TapeRecord>, TapeRecord>();
  for (const lane of lanes) {
    const records = recordsOf(lane, wanted, signal);
    const first = await records.next();
    if (!first.done) waiting.set(records, first.value);
  }
  while (waiting.size > 0) {
    const [records, record] = [...waiting].reduce((one, other) => (isBefore(other[1], one[1]) ? other : one));
    yield record;
    const next = await records.next();
    if (next.done) waiting.delete(records);
    else waiting.set(records, next.value);
  }
}

function isBefore(one: TapeRecord, other: TapeRecord): boolean {
  return one.timestamp < other.timestamp || (one.timestamp === other.timestamp && one.partition < other.partition);
}

async function* recordsOf(lane: Lane, { isWanted, isPast }: Wanted, signal: AbortSignal): AsyncGenerator<TapeRecord> {
  let past = 0;
  for (let reading = await lane.read(signal); reading !== undefined; reading = await lane.read(signal)) {
    for (const { key, timestamp, meta, raw = '', extra } of reading.messages) {
      const { partition = 0, offset = 0 } = meta;
      const record = { partition, offset, key, timestamp, value: raw, ...(extra && { extra }) };
      past = isPast(record) ? past + 1 : 0;
      if (isWanted(record)) yield record;
    }
    if (past >= mostPast) return;
  }
}
