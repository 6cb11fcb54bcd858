import type { Environment } from '../../kit/environment.ts';
import { limited } from '../../kit/limited-log.ts';
import { countOf, type Message } from '../../kit/message.ts';
import type { NodeStats } from '../../kit/node-stats.ts';
import { type Coordinates, coordinatesOf, type Meta } from '../../kit/origin.ts';

/** At most one line in this time about messages that are not counted, ms. */
const uncountedLogMs = 60_000;

export interface CountingParts {
  /** Messages that this sink had stored before, by their origin. They are the exception, so the map is small. */
  readonly storedBefore: WeakSet<Meta>;
  /** For counters: what the preceding sink had stored before; they count everything else, which it stored now. */
  readonly mayBeCounted: WeakSet<Meta> | undefined;
}

/**
 * Follows one batch into a sink, for counters: what was stored now must be counted, and what the counters have counted
 * must have been stored before. Anything else was not counted, and is lost to the counters.
 */
export class Counting {
  /** Stored now by the preceding sink, but already counted by these counters, which can't be from this batch. */
  uncounted = 0;
  /** An attempt failed, and may have stored or counted something. */
  #isUncertain = false;
  readonly #parts: CountingParts;
  readonly #signal: AbortSignal;

  /** @param signal aborts when the batch's lane ends */
  constructor(parts: CountingParts, signal: AbortSignal) {
    this.#parts = parts;
    this.#signal = signal;
  }

  /** An attempt failed, of the whole write or of some of it. */
  failed(): void {
    this.#isUncertain = true;
  }

  /** The sink confirmed a message; `known` is where the one came from that it had stored before. */
  confirmed(message: Message, known: Coordinates | undefined): void {
    if (known === undefined) return;
    const { meta } = message;
    const { storedBefore, mayBeCounted } = this.#parts;
    storedBefore.add(meta);
    const isToCount = mayBeCounted !== undefined && !mayBeCounted.has(meta);
    if (isToCount && !this.#isUncertain && !this.#signal.aborted) this.uncounted += countOf(message);
  }
}

/** Counts and logs what a batch left uncounted, at most one line per minute. */
export function uncountedReport(node: NodeStats, { log, clock }: Environment): (uncounted: number) => void {
  const lines = limited(log, clock, uncountedLogMs);
  return (uncounted) => {
    if (uncounted === 0) return;
    node.count('uncounted', uncounted);
    const text = `${node.name}: ${uncounted} messages were stored but are not counted: their offsets are at or below what was counted before`;
    lines.warn(node.name, { node: node.name, uncounted }, text);
  };
}

/** Stored now, or before from the same record: a duplicate from another record was counted with that record. */
export function isOwn(message: Message, known: Coordinates | undefined): boolean {
  if (known === undefined) return true;
  const { lane, offset, index } = coordinatesOf(message);
  return known.lane === lane && known.offset === offset && known.index === index;
}
