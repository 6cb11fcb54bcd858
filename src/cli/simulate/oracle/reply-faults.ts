import { durationMs } from '../../../kit/units.ts';
import type { RequestTimes } from '../../../simulate/request-input.ts';
import { faultLength, faultTimes } from '../fault-times.ts';
import type { KnownRoute } from '../requests/known-route.ts';
import type { StageRun } from '../stage-run.ts';

/** What a client may get while something is wrong. */
export interface Allowed {
  /** Codes of errors. */
  readonly codes: readonly string[];
  /** Whether it has to be one of them. */
  readonly isCertain: boolean;
  /** How long queries took then, ms. */
  readonly slowMs: readonly number[];
}

interface RequestAsked {
  /** When it came, ms since the start. */
  readonly fromMs: number;
  readonly times: RequestTimes | undefined;
  readonly route: KnownRoute;
}

/** How long a new process may take before it answers, ms. */
const startsWithinMs = 1000;
/** Queries that one request makes, at most. */
const mostQueries = 8;

/** A store that fails is an error and no answer; slow ones may be too slow; and who asks a process that is killed gets nothing. */
export function allowedBy({ faults }: Pick<StageRun, 'faults'>, { fromMs, times, route }: RequestAsked): Allowed {
  const { asked, answered } = times ?? {};
  const toMs = fromMs + (answered?.elapsed ?? 0) - (asked?.elapsed ?? 0);
  const { table } = route.read;
  const tables = route.read.kind === 'bars' ? [table, route.read.gaps] : [table];
  const codes = new Set<string>();
  const slowMs: number[] = [];
  let isCertain = false;
  for (const fault of faults) {
    const [begin, end] = [faultTimes(fault), faultTimes(fault) + faultLength(fault)];
    if (fault.kind === 'crash' && begin <= toMs && begin + startsWithinMs >= fromMs)
      for (const code of ['FDP_UNAVAILABLE', 'FDP_CONNECTION_LOST']) codes.add(code);
    if (fault.kind !== 'lookup' || !tables.includes(fault.lookup) || begin > toMs || end < fromMs) continue;
    const { fail, slow } = fault;
    if (fail) codes.add('FDP_UNAVAILABLE');
    if (fail?.every === 1 && fault.lookup === table && begin <= fromMs && end > toMs) isCertain = true;
    const slowFor = slow === undefined ? 0 : durationMs(slow);
    if (slowFor > 0) slowMs.push(slowFor);
    if (slowFor * mostQueries >= durationMs(route.timeout)) codes.add('FDP_TIMEOUT');
  }
  return { codes: [...codes], isCertain, slowMs };
}
