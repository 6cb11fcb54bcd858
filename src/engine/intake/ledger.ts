import { isRetriable } from '../../errors.ts';
import { Backoff } from '../../kit/backoff.ts';
import { linkedAbort } from '../../kit/clock.ts';
import type { Environment } from '../../kit/environment.ts';
import type { Permits } from '../../kit/permits.ts';
import type { Lane, Reading } from '../../kit/source.ts';
import { Outcome, type TrackOwner } from '../../kit/track.ts';
import type { MessageCounters } from '../message-counters.ts';
import type { Proofs } from '../recovery/proofs.ts';

/**
 * Positions are committed when the clock passes a multiple of this, ms: all lanes at the same moments, so that an
 * embedded log makes one durable write of them. After a crash up to this much is read again.
 */
const commitIntervalMs = 250;

/** One batch as it was read: settled when every message of it has ended. */
export class Settlement implements TrackOwner {
  readonly position: number | undefined;
  readonly bytes: number;
  readonly messages: number;
  /** Monotonic ms when it was read. */
  readonly readAt: number;
  released = false;
  holdsPermits = true;
  #remaining: number;
  /** Messages that are neither absorbed nor at their end. */
  #busy: number;
  readonly #counters: MessageCounters;
  readonly #on: { settled(): void; absorbed?(): void };

  constructor(reading: Reading, readAt: number, counters: MessageCounters, on: { settled(): void; absorbed?(): void }) {
    this.position = reading.position;
    this.bytes = reading.bytes;
    this.messages = reading.messages.length;
    this.readAt = readAt;
    this.#remaining = this.messages;
    this.#busy = this.messages;
    this.#counters = counters;
    this.#on = on;
  }

  get isSettled(): boolean {
    return this.#remaining === 0;
  }

  /** Whatever of it has not ended lies in sinks that gather. */
  get isAbsorbed(): boolean {
    return this.#busy === 0;
  }

  absorbed(isAbsorbed: boolean): void {
    this.#busy += isAbsorbed ? -1 : 1;
    if (this.isAbsorbed === isAbsorbed) this.#on.absorbed?.();
  }

  /** A source message has ended, with everything derived from it. */
  ended(outcome: Outcome): void {
    if (this.isSettled) return;
    if (outcome === Outcome.released) this.released = true;
    this.#counters.end(outcome);
    if (--this.#remaining === 0) this.#on.settled();
  }

  /** Ends all open messages as released; whatever happens to them later is ignored. */
  abandon(): void {
    while (!this.isSettled) this.ended(Outcome.released);
  }
}

/** Settled messages that are read again unless their position gets committed. */
export interface Uncommitted {
  readonly messages: number;
  /** When the oldest of them was read, monotonic ms. */
  readonly readAt: number;
}

interface LedgerParts {
  readonly lane: Lane;
  readonly permits: readonly Permits[];
  readonly counters: MessageCounters;
  readonly environment: Environment;
  readonly proofs: Proofs;
  /** Batches that may be open without permits: what lies in sinks that gather, and what was settled behind it. */
  readonly absorbable: number;
  /** Called when a position can never be committed. */
  fail(error: unknown): void;
}

/**
 * The open batches of a lane in the order in which they were read. Commits the lowest contiguous settled position and
 * never anything above an unsettled or released message. A batch keeps its permits until it and all before it are settled
 * or absorbed: a stuck batch holds the lane, instead of letting settled ones pile up behind it.
 */
export class Ledger {
  readonly #open: Settlement[] = [];
  readonly #parts: LedgerParts;
  readonly #hurry = linkedAbort().controller;
  /** A message was released: nothing from there on may be committed. */
  #isBroken = false;
  #isBehind = false;
  #target: number | undefined;
  /** Messages below the position that is being committed, and messages settled since. */
  #beingCommitted: Uncommitted | undefined;
  #settled: Uncommitted | undefined;
  #committing: Promise<void> | undefined;
  #whenSettled: (() => void) | undefined;
  readonly #whenIdle = new Set<() => void>();

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  /** Enters a batch that was just read. */
  open(reading: Reading): Settlement {
    const { clock } = this.#parts.environment;
    const [oldest] = reading.messages;
    // A log record is dated by when the feed received it, so it has an age when it is read. Elsewhere the age is 0.
    const ageMs = oldest && reading.position !== undefined ? Math.max(0, clock.now() - oldest.timestamp) : 0;
    const settled = () => {
      const tookMs = ageMs + clock.monotonic() - settlement.readAt;
      if (!settlement.released) this.#parts.counters.latency.record(tookMs, settlement.messages);
      this.#settle();
    };
    const on = { settled, absorbed: () => this.#absorbed() };
    const settlement: Settlement = new Settlement(reading, clock.monotonic(), this.#parts.counters, on);
    this.#open.push(settlement);
    this.#isBehind = reading.more ?? false;
    this.#parts.counters.read(reading.messages.length);
    for (const permits of this.#parts.permits) permits.take(reading.bytes);
    if (settlement.isSettled) this.#settle();
    return settlement;
  }

  /**
   * Whether more was read than what is absorbed by now, or with `inLog` is in the log; if so, `idle` is called once, when all
   * that was read is absorbed.
   */
  moreComes(idle: () => void, inLog = false): boolean {
    const mayRead = this.#open.length < this.#parts.absorbable;
    if (!(inLog && this.#isBehind && mayRead) && this.#open.every(({ isAbsorbed }) => isAbsorbed)) return false;
    this.#whenIdle.add(idle);
    return true;
  }

  /** More is in the log than was read. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** When the oldest open batch was read, monotonic ms. */
  get oldest(): number | undefined {
    return this.#open[0]?.readAt;
  }

  /** Ended messages that a stop at this moment would cause to be read again; undefined if there are none. */
  get uncommitted(): Uncommitted | undefined {
    if (this.#parts.lane.group === undefined || this.#parts.lane.signal.aborted) return undefined;
    return together(this.#beingCommitted, this.#settled);
  }

  /** Resolves when every batch is settled and the last position is committed (or can't be). */
  async finish(): Promise<void> {
    if (this.#open.length > 0)
      await new Promise<void>((resolve) => {
        this.#whenSettled = resolve;
      });
    this.#hurry.abort();
    await this.#committing;
  }

  /** Releases everything that has not ended. */
  abandon(): void {
    for (const settlement of [...this.#open]) settlement.abandon();
  }

  #settle(): void {
    while (this.#open[0]?.isSettled) {
      const settled = this.#open.shift() as Settlement;
      if (settled.holdsPermits) for (const permits of this.#parts.permits) permits.giveBack(settled.bytes);
      if (settled.released) this.#isBroken = true;
      if (settled.position === undefined || this.#isBroken) continue;
      this.#target = settled.position;
      this.#settled = together(this.#settled, settled);
    }
    this.#absorbed();
    if (this.#target !== undefined) this.#committing ??= this.#commitAll();
    if (this.#open.length === 0) this.#whenSettled?.();
  }

  /** Gives back the permits of batches that no longer need them, and takes them again for those that do. */
  #absorbed(): void {
    let isIdle = true;
    for (const [index, settlement] of this.#open.entries()) {
      isIdle &&= settlement.isAbsorbed;
      const isFirst = isIdle && index < this.#parts.absorbable;
      if (settlement.holdsPermits !== isFirst) continue;
      settlement.holdsPermits = !isFirst;
      for (const permits of this.#parts.permits) permits[isFirst ? 'giveBack' : 'take'](settlement.bytes);
    }
    if (!isIdle) return;
    const idle = [...this.#whenIdle];
    this.#whenIdle.clear();
    for (const each of idle) each();
  }

  async #commitAll(): Promise<void> {
    const { clock } = this.#parts.environment;
    const backoff = new Backoff(this.#parts.environment);
    while (this.#target !== undefined) {
      await clock.sleep(commitIntervalMs - (clock.monotonic() % commitIntervalMs), this.#hurry.signal);
      if (this.#parts.lane.signal.aborted) break;
      const position = this.#target;
      this.#target = undefined;
      this.#beingCommitted = together(this.#beingCommitted, this.#settled);
      this.#settled = undefined;
      try {
        await this.#parts.lane.group?.commit(position, this.#parts.proofs.note);
        this.#beingCommitted = undefined;
        backoff.reset();
      } catch (error) {
        if (!isRetriable(error)) return this.#parts.fail(error);
        this.#target ??= position;
        await backoff.wait(this.#parts.lane.signal, { hurry: this.#hurry.signal });
      }
    }
    this.#committing = undefined;
  }
}

function together(older: Uncommitted | undefined, newer: Uncommitted | undefined): Uncommitted | undefined {
  if (newer === undefined) return older;
  return { messages: (older?.messages ?? 0) + newer.messages, readAt: older?.readAt ?? newer.readAt };
}
