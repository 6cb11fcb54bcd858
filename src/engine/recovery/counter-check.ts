import type { Mark, Sink } from '../../kit/sink.ts';
import type { Lane } from '../../kit/source.ts';

/** Above every index within a record. */
const wholeRecord = 2 ** 31 - 1;

/**
 * Why a counter's mark does not fit the log that a lane reads, in one line; undefined when it does. A mark beyond the
 * log's end, or on another record than the one that was counted, comes from another log: counting on would skip what
 * lies below it.
 */
export async function markProblem(lane: Lane, name: string, sink: Sink): Promise<string | undefined> {
  const mark = await sink.counters?.mark(lane.id);
  if (mark === undefined || lane.log === undefined) return undefined;
  const { next } = await lane.log.range();
  const place = `${name} has counted up to offset ${mark.offset} of ${lane.id}`;
  if (mark.offset >= next) return `${place}, but the log ends at ${next}`;
  const record = await lane.log.recordAt(mark.offset);
  const differs = record !== undefined && (record.timestamp !== mark.timestamp || record.key !== mark.key);
  return differs ? `${place}, but a different record is there now` : undefined;
}

/**
 * Up to where a counter whose mark does not fit the log has counted what stands there now: the last record that is not
 * younger than the one that it counted last, below it. What came into a log that was put back is younger than all that
 * was counted before. Undefined when that is none.
 */
export async function lastCounted(lane: Lane, mark: Mark): Promise<Mark | undefined> {
  const { first, next } = (await lane.log?.range()) ?? { first: 0, next: 0 };
  let counted: Mark | undefined;
  let [from, to] = [first, Math.min(next, mark.offset)];
  while (from < to) {
    const offset = Math.floor((from + to) / 2);
    const record = await lane.log?.recordAt(offset);
    if (record && record.timestamp > mark.timestamp) to = offset;
    else {
      if (record) counted = { ...record, offset, index: wholeRecord };
      from = offset + 1;
    }
  }
  return counted;
}
