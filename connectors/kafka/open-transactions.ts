import type { Logger } from '../../src/kit/environment.ts';
import type { KafkaLane } from './lane.ts';

interface Seen {
  readonly offset: number;
  readonly isLogged: boolean;
}

/**
 * Logs once for each, when it is seen a second time, that another program's open transaction blocks a partition: Kafka
 * delivers nothing from there on until it is committed or aborted, at the latest by its timeout.
 */
export class OpenTransactions {
  readonly #name: string;
  readonly #log: Logger;
  readonly #seen = new Map<number, Seen>();

  constructor(name: string, log: Logger) {
    this.#name = name;
    this.#log = log;
  }

  /** Checks all lanes; to be called every few seconds. */
  check(lanes: Iterable<KafkaLane>): void {
    const before = new Map(this.#seen);
    this.#seen.clear();
    for (const lane of lanes) {
      const { partition, heldUpAt: offset } = lane;
      const known = before.get(partition);
      if (offset === undefined) {
        if (known?.isLogged) this.#log.info({ lane: lane.id }, `${this.#name}: partition ${partition} continues`);
        continue;
      }
      const isOld = known?.offset === offset;
      if (isOld && !known.isLogged)
        this.#log.warn(
          { lane: lane.id, offset },
          `${this.#name}: partition ${partition} is blocked by an open transaction at ${offset}: ${lane.heldUp} ` +
            "messages wait until its producer ends it or transaction.timeout.ms expires (see Kafka's kafka-transactions tool)",
        );
      this.#seen.set(partition, { offset, isLogged: isOld });
    }
  }
}
