import { errorText, FdpError, isRetriable } from '../../../src/errors.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Lease, LogStore } from './store.ts';

/** How often the holder shows that it lives, ms. */
const beatMs = 500;
/** A holder that did not for so long, by the stand-by's own monotonic clock, has lost its turn, ms. */
const staleMs = 3000;
/** How often a stand-by looks, ms. */
const pollMs = 100;

export interface HeldLease {
  readonly epoch: number;
  /** The one before did not give it back: it was killed, or sleeps. */
  readonly takenOver: boolean;
}

/**
 * Waits until this role may work its group: at once when nobody does, soon after a clean release, 3 s after the last
 * sign of life of a holder that was killed. Meanwhile the node stands by.
 * @throws FDP_CLOSED when `signal` aborts
 */
export async function waitForLease(
  store: LogStore,
  group: string,
  context: RoleContext,
  signal: AbortSignal,
): Promise<HeldLease> {
  const { clock, node } = context;
  const owner = `${context.topology} in process ${process.pid}`;
  let seen: Lease | undefined;
  let since = clock.monotonic();
  while (!signal.aborted) {
    const lease = store.lease(group);
    const free = lease === undefined || lease.owner === null;
    if (lease?.epoch !== seen?.epoch || lease?.beat !== seen?.beat) {
      seen = lease;
      since = clock.monotonic();
    }
    const stale = !free && clock.monotonic() - since >= staleMs;
    if (free || stale) {
      const epoch = await store.takeLease(group, owner, stale ? lease : undefined);
      if (epoch !== undefined) return { epoch, takenOver: stale };
    }
    if (!free) node.is('standby', `${store.name}: ${lease.owner} works group ${group}`);
    await clock.sleep(pollMs, signal);
  }
  throw new FdpError('FDP_CLOSED', `${store.name}: stopped while waiting as a standby of group ${group}`);
}

/**
 * Shows every 500 ms that the holder lives; calls `lost` once when somebody else has the group, or with the error that a
 * person must cure. Returns the stop.
 */
export function keepLease(
  store: LogStore,
  lease: { readonly group: string; readonly epoch: number },
  context: RoleContext,
  lost: (error?: FdpError) => void,
): () => void {
  let stopped = false;
  let cancel = () => {};
  const beat = async () => {
    try {
      if (!(await store.beat(lease.group, lease.epoch)) && !stopped) return lost();
    } catch (error) {
      if (stopped || (error instanceof FdpError && error.code === 'FDP_CLOSED')) return;
      if (error instanceof FdpError && error.fault === 'fatal') return lost(error);
      // Busy or full: the next beat tries again, and whoever takes over meanwhile is noticed by its epoch.
      context.log[isRetriable(error) ? 'debug' : 'error']({ group: lease.group }, errorText(error));
    }
    if (!stopped) schedule();
  };
  const schedule = () => {
    cancel = context.clock.timer(beatMs, () => void beat());
  };
  schedule();
  return () => {
    stopped = true;
    cancel();
  };
}
