import { FdpError } from '../../../src/errors.ts';
import type { Clock } from '../../../src/kit/clock.ts';
import type { Committed } from '../../../src/kit/source.ts';
import type { LogStore } from './store.ts';
import type { LogUsage } from './usage.ts';

const searchStep = { count: 5000, bytes: 16 * 1024 ** 2 };

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
