import { FdpError } from '../../../src/errors.ts';
import type { Clock } from '../../../src/kit/clock.ts';
import type { Committed } from '../../../src/kit/source.ts';
import type { LogStore, StoredRecord } from './store.ts';
import type { LogUsage } from './usage.ts';

const searchStep = { count: 5000, bytes: 16 * 1024 ** 2 };
const backStep = 1000;

/**
 * The positions of partitions without one, by the option `from`.
 * @throws FDP_POSITION_BEYOND_END if an existing position is beyond the log's end
 */
export async function startPositions(
  store: LogStore,
  usage: LogUsage,
  clock: Clock,
): Promise<ReadonlyMap<number, Committed>> {
  const known = store.positions(usage.group);
  const missing = new Map<number, Committed>();
  for (const [partition, { first, next }] of store.bounds().entries()) {
    const position = known.get(partition)?.position;
    if (position === undefined) {
      const { from } = usage;
      const start =
        from === 'earliest'
          ? first
          : from === 'latest'
            ? next
            : await firstSince(store, partition, { time: from, clock });
      missing.set(partition, { position: start });
    } else if (position > next)
      throw new FdpError(
        'FDP_POSITION_BEYOND_END',
        `${store.name}: group ${usage.group} stands at ${position} of partition ${partition}, beyond the log's end ${next}: ` +
          'restore the matching log, or use another `group`; tables do not store anything twice',
      );
  }
  return missing;
}

/**
 * Where the records before `position` begin that were dated within `ms` before the last of them. Looked for from the position
 * back, in steps, until a step has none: a log is nearly in order of its dates.
 */
export async function warmUpStart(
  store: LogStore,
  partition: number,
  { position, ms, clock }: { readonly position: number; readonly ms: number; readonly clock: Clock },
): Promise<number> {
  const { first } = store.bounds()[partition] ?? { first: 0 };
  let [found, since] = [position, Number.NEGATIVE_INFINITY];
  for (let end = position; end > first; ) {
    const begin = Math.max(first, end - backStep);
    const dates = datesOf(store, partition, { begin, end });
    if (end === position) since = (dates.at(-1)?.timestamp ?? 0) - ms;
    const early = dates.find(({ timestamp }) => timestamp >= since);
    if (!early) break;
    found = early.offset;
    end = begin;
    await clock.turn();
  }
  return found;
}

function datesOf(
  store: LogStore,
  partition: number,
  { begin, end }: { readonly begin: number; readonly end: number },
): readonly Pick<StoredRecord, 'offset' | 'timestamp'>[] {
  const dates: Pick<StoredRecord, 'offset' | 'timestamp'>[] = [];
  for (let offset = begin; offset < end; offset = (dates.at(-1)?.offset ?? end) + 1) {
    const records = store.read(partition, offset, { ...searchStep, count: end - offset });
    const before = records.filter((record) => record.offset < end);
    if (before.length === 0) break;
    for (const record of before) dates.push({ offset: record.offset, timestamp: record.timestamp });
  }
  return dates;
}

/** The first offset with a timestamp not before `time`, found step by step; the log's end if there is none. */
async function firstSince(
  store: LogStore,
  partition: number,
  { time, clock }: { readonly time: number; readonly clock: Clock },
): Promise<number> {
  const { first, next } = store.bounds()[partition] ?? { first: 0, next: 0 };
  for (let offset = first; offset < next; ) {
    const records = store.read(partition, offset, searchStep);
    const found = records.find((record) => record.timestamp >= time);
    if (found) return found.offset;
    offset = (records.at(-1)?.offset ?? next) + 1;
    await clock.turn();
  }
  return next;
}
