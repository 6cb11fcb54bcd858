import { growthPerSecond } from '../../src/kit/growth.ts';
import type { ProcessSnapshot, StatusReport } from '../../src/kit/snapshot.ts';

/** The last snapshots of each process, oldest first, by `processKey`. */
export type History = ReadonlyMap<string, readonly ProcessSnapshot[]>;

/** Snapshots kept per process: rates are those of the last four seconds. */
const kept = 5;

/** Identifies a process: a restarted process with the same pid differs. */
export function processKey({ host, pid, startedAt }: ProcessSnapshot): string {
  return `${host} ${pid} ${startedAt}`;
}

/** The history with new reports; processes without a report are removed. */
export function remember(history: History, reports: readonly StatusReport[]): History {
  return new Map(
    reports.map(({ process }) => {
      const key = processKey(process);
      const before = history.get(key) ?? [];
      const isNews = process.at > (before.at(-1)?.at ?? Number.NEGATIVE_INFINITY);
      return [key, isNews ? [...before.slice(1 - kept), process] : before];
    }),
  );
}

/** Growth per second of a counter from the oldest to the newest snapshot; undefined before there are two. */
export function ratePerSecond(
  snapshots: readonly ProcessSnapshot[] | undefined,
  count: (snapshot: ProcessSnapshot) => number | undefined,
): number | undefined {
  const counted = (snapshot: ProcessSnapshot | undefined) => snapshot && { at: snapshot.at, count: count(snapshot) };
  return growthPerSecond(counted(snapshots?.[0]), counted(snapshots?.at(-1)));
}

/** The sum of the known values; undefined if there are none. */
export function sumKnown(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0);
}
