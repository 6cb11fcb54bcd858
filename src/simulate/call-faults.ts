import type { Clock } from '../kit/clock.ts';

/** What goes wrong with the calls of a role: writes of a sink, queries of a lookup. */
export interface CallFault {
  /** When it begins and ends, ms after the topology is ready; left out: the whole run. */
  readonly time?: { readonly fromMs: number; readonly toMs: number };
  /** Every nth call fails, before it has an effect. */
  readonly failEvery?: number;
  /** How long each call takes, ms. */
  readonly slowMs?: number;
}

/** Those of this moment, ms after the topology was ready. */
export function faultsAt<F extends CallFault>(faults: readonly F[], nowMs: number): readonly F[] {
  return faults.filter(({ time }) => !time || (nowMs >= time.fromMs && nowMs < time.toMs));
}

/** Takes as long as they let a call take. */
export async function delayBy(faults: readonly CallFault[], clock: Clock, signal: AbortSignal): Promise<void> {
  for (const { slowMs } of faults) if (slowMs !== undefined) await clock.sleep(slowMs, signal);
}

/** Whether the nth call fails; the first is 1. */
export function failsAt(faults: readonly CallFault[], count: number): boolean {
  return faults.some(({ failEvery }) => failEvery !== undefined && count % failEvery === 0);
}
