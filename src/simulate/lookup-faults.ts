import { FdpError } from '../errors.ts';
import type { Lookup } from '../kit/lookup.ts';
import type { RoleContext } from '../kit/role.ts';
import { type CallFault, delayBy, failsAt, faultsAt } from './call-faults.ts';

/** What goes wrong at a table that a topology asks. */
export interface LookupFault extends CallFault {
  readonly connector: string;
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
      queries++;
      const active = faultsAt(faults, sinceReady());
      await delayBy(active, context.clock, signal);
      if (failsAt(active, queries)) throw new FdpError('FDP_UNAVAILABLE', `${name}: query ${queries} fails (fault)`);
      return await inner.find(query, signal);
    },
  };
}
