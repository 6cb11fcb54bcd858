import { FdpError } from '../../errors.ts';
import { linkedAbort, withGrace } from '../../kit/clock.ts';
import type { Environment } from '../../kit/environment.ts';
import type { Message } from '../../kit/message.ts';
import type { NodeStats } from '../../kit/node-stats.ts';
import type { Receipt, Sink } from '../../kit/sink.ts';

/** How long what is cancelled may take to end, ms. */
export const abandonMs = 1000;

export interface AttemptParts {
  readonly sink: Sink;
  readonly node: NodeStats;
  readonly environment: Environment;
  /** One attempt may take this long, ms. */
  readonly writeTimeoutMs: number;
}

/**
 * One write within its time, or until one of the signals aborts. The write is then cancelled, and given a moment to end
 * before it counts as failed.
 * @throws FDP_TIMEOUT when its time is over, FDP_CLOSED when a signal aborted it, and whatever the sink throws
 */
export async function attemptWrite(
  { sink, node, environment, writeTimeoutMs }: AttemptParts,
  messages: readonly Message[],
  signals: readonly AbortSignal[],
): Promise<Receipt> {
  const { clock } = environment;
  const { controller, release } = linkedAbort(...signals);
  const { signal } = controller;
  let isLate = false;
  const cancel = clock.timer(writeTimeoutMs, () => {
    isLate = true;
    controller.abort();
  });
  const late = () =>
    isLate
      ? new FdpError('FDP_TIMEOUT', `${node.name}: no confirmation within ${writeTimeoutMs} ms`)
      : new FdpError('FDP_CLOSED', `${node.name}: stopped while writing`);
  try {
    return await withGrace(clock, sink.write(messages, signal), { signal, graceMs: abandonMs, late });
  } catch (error) {
    throw signal.aborted ? late() : error;
  } finally {
    cancel();
    release();
  }
}
