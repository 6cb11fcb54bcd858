import { errorText, type FdpError } from '../errors.ts';
import type { Environment } from '../kit/environment.ts';
import { type LimitedLog, limited } from '../kit/limited-log.ts';
import type { LaneContext, Message } from '../kit/message.ts';
import type { NodeStats } from '../kit/node-stats.ts';
import { type Outcomes, outcomesAt } from '../kit/outcomes.ts';
import { Outcome } from '../kit/track.ts';
import type { DeadLetters } from './delivery/dead-letter.ts';
import type { MessageCounters } from './message-counters.ts';

/** At most one line about rejected messages per this time, ms. */
const rejectionLogMs = 1000;

interface OutcomesParts {
  readonly topology: string;
  readonly environment: Environment;
  readonly counters: MessageCounters;
}

/**
 * Handles the messages that end at the nodes of one run of a topology. A rejected one becomes the failed reply of its
 * request; otherwise it is logged and goes to the dead letter, if there is one.
 */
export class FlowOutcomes {
  /** Where rejected messages go, once that is known. */
  deadLetters: DeadLetters | undefined;
  readonly #parts: OutcomesParts;
  readonly #log: LimitedLog;

  constructor(parts: OutcomesParts) {
    this.#parts = parts;
    this.#log = limited(parts.environment.log, parts.environment.clock, rejectionLogMs);
  }

  at(node: NodeStats): Outcomes {
    return outcomesAt(node, (lane, message, error) => this.#reject(node, { lane, message, error }));
  }

  /** Resolves when every letter is written or released, and all is logged. */
  async end(): Promise<void> {
    await this.deadLetters?.idle();
    this.#log.flush();
  }

  #reject(node: NodeStats, { lane, message, error }: { lane: LaneContext; message: Message; error: FdpError }): void {
    if (lane.request) {
      lane.request.fail(error);
      message.track.end(Outcome.rejected);
      return;
    }
    const { topology, counters } = this.#parts;
    const { topic, partition, offset, index } = message.meta;
    const where = { topology, node: node.name, code: error.code, topic, partition, offset, index };
    this.#log.warn(`rejected ${node.name} ${error.code}`, where, `message rejected: ${errorText(error)}`);
    counters.suspicion.rejected(node, message, error);
    if (this.deadLetters) this.deadLetters.submit({ topology, refusedBy: node, rejected: message, error, lane });
    else message.track.end(Outcome.rejected);
  }
}
