import type { Sink } from '../../kit/sink.ts';
import type { Lane } from '../../kit/source.ts';

/**
 * Why a counter's mark does not fit the log that a lane reads, in one line; undefined when it does. A mark beyond the
 * log's end, or on another record than the one that was counted, is from another log: continuing would skip everything
 * below it.
 */
export async function markProblem(lane: Lane, name: string, sink: Sink): Promise<string | undefined> {
  const mark = await sink.counters?.mark(lane.id);
  if (mark === undefined || lane.log === undefined) return undefined;
  const { next } = await lane.log.range();
  const counted = `${name} has counted up to offset ${mark.offset} of ${lane.id}`;
  if (mark.offset >= next) return `${counted}, but the log ends at ${next}`;
  const record = await lane.log.recordAt(mark.offset);
  const differs = record !== undefined && (record.timestamp !== mark.timestamp || record.key !== mark.key);
  return differs ? `${counted}, but a different record is there now` : undefined;
}
