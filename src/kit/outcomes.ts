import { errorText, FdpError } from '../errors.ts';
import { countOf, type LaneContext, type Message } from './message.ts';
import type { NodeStats } from './node-stats.ts';
import { Outcome } from './track.ts';

/** Ends a message at a node instead of passing it on, and counts it in the node's figures. */
export interface Outcomes {
  /** Filtered: the pipeline does not want it. */
  filter(message: Message): void;
  /** Rejected: it goes to the dead letter, the log, or the reply of a request. `thrown` may be anything. */
  reject(lane: LaneContext, message: Message, thrown: unknown): void;
  /** Released: it will be read again. */
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
      node.released += countOf(message);
      message.track.end(Outcome.released);
    },
  };
}

/** The same for messages that a sink has absorbed: whatever becomes of one that is not durable, it needs its permits again. */
export function outcomesOfAbsorbed(outcomes: Outcomes): Outcomes {
  const surfaced = (message: Message) => {
    message.track.surface();
    return message;
  };
  return {
    filter: (message) => outcomes.filter(surfaced(message)),
    reject: (lane, message, thrown) => outcomes.reject(lane, surfaced(message), thrown),
    release: (message) => outcomes.release(surfaced(message)),
  };
}
