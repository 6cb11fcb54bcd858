import { FdpError } from '../errors.ts';
import type { Lookup } from '../kit/lookup.ts';
import type { RoleContext } from '../kit/role.ts';

/** What goes wrong at a table that a topology asks, for the whole run unless it has a time. */
export interface LookupFault {
  readonly connector: string;
  /** When it begins and ends, ms after the topology is ready. */
  readonly time?: { readonly fromMs: number; readonly toMs: number };
  /** Every so manieth query fails. */
  readonly failEvery?: number;
  /** How long each query takes, ms. */
  readonly slowMs?: number;
}

export interface FaultyLookupParts {
  /** Of its connector. */
  readonly faults: readonly LookupFault[];
  readonly context: RoleContext;
  /** Ms since the topology was ready. */
  sinceReady(): number;
}

/** A lookup to which its faults happen. */
export function faultyLookup(inner: Lookup, { faults, context, sinceReady }: FaultyLookupParts): Lookup {
  if (faults.length === 0) return inner;
  const { name } = context.node;
  let queries = 0;
  return {
    connect: (signal, options) => inner.connect(signal, options),
    close: () => inner.close(),
    async find(query, signal) {
      const nowMs = sinceReady();
      const active = faults.filter(({ time }) => !time || (nowMs >= time.fromMs && nowMs < time.toMs));
      if (active.length > 0) queries++;
      for (const { slowMs } of active) if (slowMs !== undefined) await context.clock.sleep(slowMs, signal);
      if (active.some(({ failEvery }) => failEvery !== undefined && queries % failEvery === 0))
        throw new FdpError('FDP_UNAVAILABLE', `${name}: query ${queries} fails (fault)`);
      return await inner.find(query, signal);
    },
  };
}
