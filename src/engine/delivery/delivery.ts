import { errorText, FdpError, faultOf } from '../../errors.ts';
import { Backoff } from '../../kit/backoff.ts';
import { linkedAbort } from '../../kit/clock.ts';
import { type Batch, countOf, type Message } from '../../kit/message.ts';
import type { Coordinates } from '../../kit/origin.ts';
import type { Outcomes } from '../../kit/outcomes.ts';
import type { Receipt } from '../../kit/sink.ts';
import { Outcome } from '../../kit/track.ts';
import { type AttemptParts, attemptWrite } from './attempt.ts';
import { Counting, type CountingParts, isOwn, uncountedReport } from './counting.ts';

/** Attempts for an unclassified error; after that the message is rejected. */
const unclassifiedAttempts = 5;
export interface DeliveryParts extends AttemptParts, CountingParts {
  readonly outcomes: Outcomes;
  /** Aborts when the stop is forced or the topology restarts: what is not confirmed by then is released. */
  readonly killed: AbortSignal;
  /** Aborts when a stop begins: waits between attempts are short from then on. */
  readonly draining: AbortSignal;
  /** Whether branches follow that get what this sink stored, and how many of them settle. */
  readonly followers: { readonly any: boolean; readonly settling: number };
  readonly branch: string;
  /** Its messages are absorbed when they come. */
  readonly gathers: boolean;
  /** A best-effort delivery: when its lane ends, a write in progress is cancelled too. */
  readonly bestEffort: boolean;
  /** Called with an error that a person must fix: aborts `killed`. */
  fail(error: unknown): void;
}

/**
 * Brings batches to one sink: retries transient errors without limit and unclassified ones five times, rejects messages
 * that will never be accepted, and splits a batch in halves to find the one message that fails it, and one that stands
 * for several into its parts. A fatal error ends the topology: what is not confirmed by then is released. Never rejects.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #reportUncounted: (uncounted: number) => void;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#reportUncounted = uncountedReport(parts.node, parts.environment);
  }

  /** A batch has reached the sink and waits for its turn. */
  readonly arrive = (batch: Batch): void => {
    if (batch.warmUp) return;
    this.#parts.node.in += batch.messages.length;
    this.#parts.node.inFlight += batch.messages.length;
  };

  /** Ends every message of the batch; resolves with those that the sink stored, now or from the same place before. */
  readonly deliver = async (batch: Batch): Promise<Batch> => {
    if (batch.warmUp || batch.messages.length === 0) return { ...batch, messages: [] };
    const attempt = new BatchDelivery(this.#parts, batch);
    while (!attempt.done && !this.#parts.killed.aborted && !batch.lane.signal.aborted) {
      const error = await attempt.step();
      if (error === undefined) this.#parts.node.recovered(attempt);
      else if (faultOf(error) === 'fatal') this.#parts.fail(error);
      else if (!this.#parts.killed.aborted && !batch.lane.signal.aborted) {
        this.#parts.node.impaired(attempt, 'retrying', errorText(error));
        await attempt.wait();
      }
    }
    attempt.releaseRest();
    this.#parts.node.recovered(attempt);
    this.#reportUncounted(attempt.counting.uncounted);
    return { ...batch, messages: attempt.stored };
  };
}

/** One batch on its way into a sink. */
class BatchDelivery {
  readonly counting: Counting;
  readonly #stored: Message[] = [];
  /** Some were retried: `#stored` may be out of order. */
  #isMixed = false;
  #pending: readonly Message[];
  /** How many messages the next attempt takes. */
  #size: number;
  #waitMs = 0;
  /** Attempts with unclassified errors: of the whole write, and of single messages. */
  #unclassified = 0;
  readonly #unclassifiedOf = new Map<Message, number>();
  readonly #backoff: Backoff;
  readonly #parts: DeliveryParts;
  readonly #batch: Batch;

  constructor(parts: DeliveryParts, batch: Batch) {
    this.#parts = parts;
    this.#batch = batch;
    this.#pending = batch.messages;
    this.#size = batch.messages.length;
    this.#backoff = new Backoff(parts.environment);
    this.counting = new Counting(parts, batch.lane.signal);
  }

  /** In source order, whatever was retried: what the sink confirmed and followers may have. */
  get stored(): Message[] {
    if (!this.#isMixed) return this.#stored;
    const stored = new Set(this.#stored);
    return this.#batch.messages.filter((message) => stored.has(message));
  }

  get done(): boolean {
    return this.#pending.length === 0;
  }

  /**
   * One attempt. Resolves with the error to wait out, or with a fatal one; undefined when it succeeded (or the message
   * is out of the way).
   */
  async step(): Promise<unknown> {
    const { killed, bestEffort } = this.#parts;
    const messages = this.#pending.slice(0, this.#size);
    const signals = bestEffort ? [killed, this.#batch.lane.signal] : [killed];
    try {
      const receipt = await attemptWrite(this.#parts, messages, signals);
      return this.#confirm(messages, receipt);
    } catch (error) {
      this.counting.failed();
      return this.#failWhole(messages, error);
    }
  }

  async wait(): Promise<void> {
    this.#parts.node.retries++;
    const wake = linkedAbort(this.#parts.killed, this.#batch.lane.signal);
    await this.#backoff.wait(wake.controller.signal, { atLeastMs: this.#waitMs, hurry: this.#parts.draining });
    wake.release();
    this.#waitMs = 0;
  }

  releaseRest(): void {
    for (const message of this.#pending) {
      this.#parts.node.inFlight -= countOf(message);
      this.#parts.outcomes.release(message);
    }
    this.#pending = [];
  }

  #confirm(messages: readonly Message[], { known, failed, proof }: Receipt): unknown {
    const { sink, branch, bestEffort } = this.#parts;
    if (proof && !bestEffort) this.#batch.lane.proofs?.add(branch, proof, sink.ordered ? 1 : (sink.maxInFlight ?? 1));
    const again: Message[] = [];
    const stuckKeys = new Set<string>();
    let toWaitFor: unknown;
    for (let index = 0; index < messages.length; index++) {
      const message = messages[index] as Message;
      const error = failed?.get(index);
      if (error === undefined) this.#delivered(message, known?.get(index));
      else if (!isVictim(message, error, stuckKeys) && this.#isHopeless(message, error))
        again.push(...this.#partsOf(message, error));
      else {
        again.push(message);
        if (sink.ordered && message.key !== null) stuckKeys.add(message.key);
        if (toWaitFor === undefined || faultOf(error) === 'fatal') toWaitFor = this.#note(error);
      }
    }
    if (again.length > 0) {
      this.counting.failed();
      this.#isMixed = true;
    }
    this.#pending = [...again, ...this.#pending.slice(messages.length)];
    this.#unclassified = 0;
    if (again.length < messages.length) this.#backoff.reset();
    this.#size = Math.min(Math.max(this.#size * 2, again.length), this.#batch.messages.length);
    return toWaitFor;
  }

  /** Nothing of this write is known to be stored. */
  #failWhole(messages: readonly Message[], error: unknown): unknown {
    const fault = faultOf(error);
    if (fault === 'fatal') return error;
    if (messages.length === 1) {
      const [message] = messages as [Message];
      if (!this.#isHopeless(message, error)) return this.#note(error);
      this.#pending = [...this.#partsOf(message, error), ...this.#pending.slice(1)];
      return undefined;
    }
    const isSpoilt = fault === undefined && ++this.#unclassified >= (this.#isSplit ? 1 : unclassifiedAttempts);
    const isLate = error instanceof FdpError && error.code === 'FDP_TIMEOUT';
    if (fault === 'permanent' || isSpoilt || isLate) this.#size = Math.ceil(messages.length / 2);
    // A smaller write is not a repetition: no wait before it.
    return fault === 'permanent' ? undefined : this.#note(error);
  }

  /** True while a failed batch is tried in parts. */
  get #isSplit(): boolean {
    return this.#size < this.#pending.length;
  }

  #isHopeless(message: Message, error: unknown): boolean {
    const fault = faultOf(error);
    if (fault !== undefined) return fault === 'permanent';
    const attempts = (this.#unclassifiedOf.get(message) ?? 0) + 1;
    this.#unclassifiedOf.set(message, attempts);
    return attempts >= unclassifiedAttempts;
  }

  #note(error: unknown): unknown {
    if (error instanceof FdpError) this.#waitMs = Math.max(this.#waitMs, error.waitMs ?? 0);
    return error;
  }

  #delivered(message: Message, known: Coordinates | undefined): void {
    const { node, followers, gathers } = this.#parts;
    const count = countOf(message);
    node.out += count;
    this.counting.confirmed(message, known);
    if (followers.any && isOwn(message, known)) {
      message.track.fork(followers.settling);
      this.#stored.push(message);
    }
    node.inFlight -= count;
    message.track[gathers ? 'endAbsorbed' : 'end'](Outcome.delivered);
  }

  /** What is left of a message that will never be stored: its parts if it stands for several; otherwise it is rejected. */
  #partsOf(message: Message, error: unknown): readonly Message[] {
    if (message.together) return message.together.parts();
    this.#parts.node.inFlight--;
    this.#parts.outcomes.reject(this.#batch.lane, message, error);
    return [];
  }
}

/** An ordered sink also names all messages after a failed one with its key: those themselves may be fine. */
function isVictim({ key }: Message, error: Error, stuckKeys: ReadonlySet<string>): boolean {
  return faultOf(error) === undefined && key !== null && stuckKeys.has(key);
}
