import { errorText, FdpError, isRetriable } from '../../../src/errors.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Lease, LogStore } from './store.ts';

/** How often the holder renews its lease, ms. */
const beatMs = 500;
/** A lease that was not renewed for this long, by the standby's own monotonic clock, has expired, ms. */
const staleMs = 3000;
/** How often a standby checks, ms. */
const pollMs = 100;

export interface HeldLease {
  readonly epoch: number;
  /** The previous holder did not release it: it was killed, or is suspended. */
  readonly takenOver: boolean;
}

/**
 * Waits for the lease of the group: at once if it is free, soon after a clean release, 3 s after the last
 * renewal of a holder that was killed. Meanwhile the node is in standby.
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
 * Renews the lease every 500 ms; calls `lost` once if another process has taken it, or with the error that a
 * person must fix. Returns a function that stops it.
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
      // Busy or full: the next renewal tries again, and a takeover meanwhile is noticed by its epoch.
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
