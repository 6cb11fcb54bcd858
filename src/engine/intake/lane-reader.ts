import { Observable } from 'rxjs';
import { errorText, FdpError, isRetriable } from '../../errors.ts';
import { Backoff } from '../../kit/backoff.ts';
import { linkedAbort, onAbort, withGrace } from '../../kit/clock.ts';
import type { Environment } from '../../kit/environment.ts';
import { type Batch, type LaneContext, type Message, toMessage } from '../../kit/message.ts';
import type { NodeStats } from '../../kit/node-stats.ts';
import type { Outcomes } from '../../kit/outcomes.ts';
import { Permits } from '../../kit/permits.ts';
import { messagesUnderWay } from '../../kit/sink.ts';
import type { Lane, Reading } from '../../kit/source.ts';
import type { MessageCounters } from '../message-counters.ts';
import type { Limits } from '../plan.ts';
import { Proofs } from '../recovery/proofs.ts';
import { Ledger, type Uncommitted } from './ledger.ts';

/** How often a held source checks again, ms. */
const heldPollMs = 200;
/** After a kill: how long an operation under way may take to end by itself, ms. */
const abandonMs = 5000;

export interface LaneParts {
  readonly environment: Environment;
  readonly node: NodeStats;
  /** At the source's node. */
  readonly outcomes: Outcomes;
  /** Of the source's node, over all its lanes. */
  readonly counters: MessageCounters;
  readonly limits: Limits;
  readonly topologyPermits: Permits;
  readonly replayable: boolean;
  /** Batches that may be open beyond the limits, while sinks that gather hold what is left of them. */
  readonly absorbable: number;
  /** Aborts when the intake stops. */
  readonly draining: AbortSignal;
  /** Aborts when messages in flight are to be released. */
  readonly killed: AbortSignal;
  /** Called when the lane's position can never be committed. */
  fail(error: unknown): void;
  /** Why a counter's mark does not fit the lane's log; undefined if all of them do. */
  logMismatch(lane: Lane): Promise<string | undefined>;
  /** Rewinds the lane if a store has lost what the proofs show that it had. */
  rewind(lane: Lane, proofs: Proofs): Promise<void>;
}

/**
 * Reads one lane while permits are free and follows every batch until it is settled. A lane that can be read again
 * stops reading when the drain begins; one that can't is first read to its end.
 */
export class LaneReader {
  readonly context: LaneContext;
  /** Batches as they are read; subscribed to once; completes when the lane ends. */
  readonly batches: Observable<Batch>;
  readonly #lane: Lane;
  readonly #parts: LaneParts;
  readonly #permits: readonly Permits[];
  readonly #proofs: Proofs;
  readonly #ledger: Ledger;
  readonly #life: { controller: AbortController; release: () => void };

  constructor(lane: Lane, parts: LaneParts) {
    this.#lane = lane;
    this.#parts = parts;
    this.#life = linkedAbort(lane.signal, parts.killed);
    const { signal } = this.#life.controller;
    const { limits, absorbable, counters, environment, fail } = parts;
    const underWay = messagesUnderWay(limits.laneBatches, absorbable, lane.batch ?? 1);
    this.#proofs = new Proofs(lane.id, lane.group?.start.note, underWay);
    const moreComes = (idle: () => void, inLog?: boolean) => this.#ledger.moreComes(idle, inLog);
    const hasBacklog = () => this.#ledger.isBehind;
    const { log } = lane;
    const bytesAt = log && (async (offset: number) => (await log.recordAt(offset))?.raw);
    this.context = { id: lane.id, signal, proofs: this.#proofs, moreComes, hasBacklog, ...(bytesAt && { bytesAt }) };
    this.#permits = [new Permits(limits.laneBatches, limits.laneBytes), parts.topologyPermits];
    const [permits, proofs] = [this.#permits, this.#proofs];
    this.#ledger = new Ledger({ lane, permits, counters, environment, proofs, absorbable, fail });
    this.batches = new Observable((subscriber) => {
      this.#readAll((batch) => subscriber.next(batch)).then(
        () => subscriber.complete(),
        (error) => subscriber.error(error),
      );
    });
  }

  /** The partition of the log that it reads; undefined for other lanes, and for one that was revoked. */
  get partition(): number | undefined {
    const isLog = this.#lane.group !== undefined && !this.#lane.signal.aborted;
    return isLog ? Number(this.#lane.id.slice(this.#lane.id.lastIndexOf('/') + 1)) : undefined;
  }

  /** When the oldest message in flight was read, monotonic ms. */
  get oldest(): number | undefined {
    return this.#ledger.oldest;
  }

  /** Messages that have ended but whose position is not committed yet. */
  get uncommitted(): Uncommitted | undefined {
    return this.#ledger.uncommitted;
  }

  /** Resolves when everything that was read has ended and the last position is committed. */
  async finish(): Promise<void> {
    const finished = linkedAbort();
    await Promise.race([this.#ledger.finish(), this.#abandoned(finished.controller.signal)]);
    finished.controller.abort();
    this.#ledger.abandon();
    this.#life.release();
  }

  async #readAll(next: (batch: Batch) => void): Promise<void> {
    const { draining, replayable } = this.#parts;
    const { signal } = this.#life.controller;
    const stop = replayable ? linkedAbort(signal, draining) : linkedAbort(signal);
    try {
      await this.#readUntil(stop.controller.signal, next);
    } finally {
      stop.release();
      this.#parts.node.recovered(this);
    }
  }

  async #readUntil(stopped: AbortSignal, next: (batch: Batch) => void): Promise<void> {
    const { environment, node, rewind } = this.#parts;
    await this.#patiently(stopped, () => this.#untilFit(stopped));
    await this.#patiently(stopped, () => rewind(this.#lane, this.#proofs));
    node.recovered(this);
    while (!stopped.aborted) {
      await this.#mayRead(stopped);
      if (!(await this.#readOnce(stopped, next))) break;
      // If everything is filtered synchronously nothing else would wait, and timers and signals would starve.
      await environment.clock.turn();
    }
  }

  /**
   * Reads one batch; false at the lane's end. A function of its own: what one that waits for permits has in its variables stays in
   * memory, here all that was parsed for messages that are no longer needed.
   */
  async #readOnce(stopped: AbortSignal, next: (batch: Batch) => void): Promise<boolean> {
    const reading = await this.#patiently(stopped, () => this.#lane.read(stopped));
    // Ends only what this reader reported: a source that reconnects while its queue is read reports that itself.
    this.#parts.node.recovered(this);
    if (reading === undefined) return false;
    if (this.context.signal.aborted) {
      this.#giveBack(reading);
      return false;
    }
    next(this.#admit(reading));
    return true;
  }

  /** The result of `work`, retried after transient errors; undefined if stopped. */
  async #patiently<T>(stopped: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    const { node, environment } = this.#parts;
    const { signal } = this.context;
    const backoff = new Backoff(environment);
    const late = () => new FdpError('FDP_CLOSED', `${this.#lane.id}: did not end when it was stopped`);
    while (!stopped.aborted) {
      try {
        return await withGrace(environment.clock, work(), { signal, graceMs: abandonMs, late });
      } catch (error) {
        if (stopped.aborted) break;
        if (!isRetriable(error)) throw error;
        node.retries++;
        node.impaired(this, 'retrying', errorText(error));
        await backoff.wait(stopped);
      }
    }
    return undefined;
  }

  /** Holds the lane while a counter's mark is of another log. */
  async #untilFit(stopped: AbortSignal): Promise<void> {
    const { environment, logMismatch, node } = this.#parts;
    while (!stopped.aborted) {
      const problem = await logMismatch(this.#lane);
      if (problem === undefined) break;
      node.impaired(this, 'held', problem);
      await environment.clock.sleep(heldPollMs, stopped);
    }
    node.recovered(this);
  }

  async #mayRead(stopped: AbortSignal): Promise<void> {
    const { replayable, counters, environment, node } = this.#parts;
    for (const permits of this.#permits) await permits.whenFree(stopped);
    if (!replayable) return;
    for (let reason = counters.suspicion.reason; reason !== undefined && !stopped.aborted; ) {
      node.impaired(this, 'held', reason);
      await environment.clock.sleep(heldPollMs, stopped);
      reason = counters.suspicion.reason;
    }
    node.recovered(this);
  }

  #admit(reading: Reading): Batch {
    const { node, outcomes } = this.#parts;
    const settlement = reading.warmUp ? undefined : this.#ledger.open(reading);
    const messages: Message[] = [];
    for (const record of reading.messages) {
      const message = toMessage(record, settlement);
      if (record.problem === undefined) messages.push(message);
      else if (settlement) outcomes.reject(this.context, message, record.problem);
    }
    if (settlement) {
      node.in += reading.messages.length;
      node.out += messages.length;
    }
    return { lane: this.context, messages, warmUp: reading.warmUp ?? false };
  }

  /** Releases a reading that arrives after the lane has ended. */
  #giveBack(reading: Reading): void {
    if (reading.warmUp) return;
    this.#ledger.open(reading).abandon();
    this.#parts.node.in += reading.messages.length;
    this.#parts.node.released += reading.messages.length;
  }

  /** Resolves a while after a kill, or when `finished` aborts. */
  async #abandoned(finished: AbortSignal): Promise<void> {
    const either = linkedAbort(this.#parts.killed, finished);
    await new Promise<void>((resolve) => onAbort(either.controller.signal, resolve));
    either.release();
    await this.#parts.environment.clock.sleep(abandonMs, finished);
  }
}
