import { errorText, FdpError } from '../errors.ts';
import type { LaneContext, Message } from './message.ts';
import type { NodeStats } from './node-stats.ts';
import { Outcome } from './track.ts';

/** How a message ends at a node, instead of going on. The figures of the node are kept. */
export interface Outcomes {
  /** It was not wanted. */
  filter(message: Message): void;
  /** It is taken out: dead letter, log line, or the reply of a request. Anything may have been thrown. */
  reject(lane: LaneContext, message: Message, thrown: unknown): void;
  /** It will be read again. */
  release(message: Message): void;
}

/** The outcomes at one node. `rejected` takes each rejected message, and ends its track. */
export function outcomesAt(
  node: NodeStats,
  rejected: (lane: LaneContext, message: Message, error: FdpError) => void,
): Outcomes {
  return {
    filter(message) {
      node.filtered++;
      message.track.end(Outcome.filtered);
    },
    reject(lane, message, thrown) {
      node.rejected++;
      const error =
        thrown instanceof FdpError ? thrown : new FdpError('FDP_MESSAGE_INVALID', errorText(thrown), { cause: thrown });
      rejected(lane, message, error);
    },
    release(message) {
      node.released++;
      message.track.end(Outcome.released);
    },
  };
}
