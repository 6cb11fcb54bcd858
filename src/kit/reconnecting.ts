import { errorText, faultOf } from '../errors.ts';
import { Backoff } from './backoff.ts';
import type { Intake } from './push-source.ts';
import type { RoleContext } from './role.ts';

/** After a connection that lasted this long, the back-off starts again. */
const healthyMs = 10_000;
/**
 * A server that is started at the same time may take longer: nothing is shown for this long after
 * the start, ms.
 */
const patienceMs = 3000;
/** Longest wait before the next try, ms. */
const longestWaitMs = 5000;

/**
 * The `receive` of a push source that connects to something: one connection after the other, until
 * the signal of the intake aborts. `connect` makes one, calls `opened` once messages can come, and
 * ends with it; the node is `retrying` then, with the reason that it gives or throws, and the gap
 * of the feed is open. An error that a person must fix is thrown, unless a connection was opened
 * before.
 */
export async function reconnecting(
  role: RoleContext,
  intake: Intake,
  connect: (opened: () => void) => Promise<unknown>,
): Promise<void> {
  const { clock, node, log } = role;
  const { signal } = intake;
  const backoff = new Backoff(role, longestWaitMs);
  const began = clock.monotonic();
  let hasOpened = false;
  node.is('connecting');
  while (!signal.aborted) {
    let openedAt: number | undefined;
    let reason = 'the connection has ended';
    try {
      const given = await connect(() => {
        openedAt = clock.monotonic();
        hasOpened = true;
        node.is('ok');
        intake.back();
      });
      if (typeof given === 'string') reason = given;
    } catch (error) {
      if (faultOf(error) === 'fatal' && !hasOpened) throw error;
      reason = errorText(error);
    }
    if (signal.aborted) return;
    if (openedAt !== undefined) intake.away(reason);
    if (openedAt !== undefined && clock.monotonic() - openedAt >= healthyMs) backoff.reset();
    const waitMs = backoff.nextMs();
    if (hasOpened || clock.monotonic() - began >= patienceMs) {
      log.debug({ node: node.name }, `${node.name}: ${reason}; trying again`);
      node.is('retrying', reason, clock.now() + waitMs);
    }
    await clock.sleep(waitMs, signal);
  }
}
