import type { Lane } from '../../kit/source.ts';
import type { TapeRecord } from './line.ts';

/**
 * The records of the partitions of a log by their time; those of a partition stay in their order, and of equal times the lower
 * partition comes first. Holds one reading of each lane.
 */
export async function* mergedByTime(
  lanes: readonly Lane[],
  isWanted: (record: TapeRecord) => boolean,
  signal: AbortSignal,
): AsyncGenerator<TapeRecord> {
  const waiting = new Map<AsyncGenerator<TapeRecord>, TapeRecord>();
  for (const lane of lanes) {
    const records = recordsOf(lane, isWanted, signal);
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

async function* recordsOf(
  lane: Lane,
  isWanted: (record: TapeRecord) => boolean,
  signal: AbortSignal,
): AsyncGenerator<TapeRecord> {
  for (let reading = await lane.read(signal); reading !== undefined; reading = await lane.read(signal))
    for (const { key, timestamp, meta, raw = '', extra } of reading.messages) {
      const { partition = 0, offset = 0 } = meta;
      const record = { partition, offset, key, timestamp, value: raw, ...(extra && { extra }) };
      if (isWanted(record)) yield record;
    }
}
