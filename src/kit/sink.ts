import type { OperatorFunction } from 'rxjs';
import type { Batch, Message } from './message.ts';
import type { Coordinates, Proof } from './origin.ts';
import type { Role } from './role.ts';
import type { Row } from './row.ts';
import type { LogEnd, LogRecord } from './source.ts';

/**
 * Takes messages out of the platform. The required parts are `ordered`, `connect`, `write` and
 * `close`; what else a store can do is in the optional parts.
 */
export interface Sink extends Role, LogEnd {
  /** Ordered: one write of a lane at a time, in source order, retries included. */
  readonly ordered: boolean;
  /** Unordered: how many writes of a lane may be under way. */
  readonly maxInFlight?: number;
  /**
   * Resolves when the messages are durable. Throws when all of them failed; if only some failed,
   * they are named in the receipt. With a failed message an ordered sink also names all later ones
   * with the same key. On `signal` it gives up as soon as it can; its effects are then unknown.
   */
  write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt>;
  /**
   * Of an ordered sink for which one large write is cheaper than many small ones. Left out: each
   * batch is a write of its own.
   */
  readonly gathering?: Gathering;
  /** Of a sink with counters: up to which record they have counted. Left out: it keeps no marks. */
  readonly counters?: SinkCounters;
  /**
   * Of a sink that keeps rows and can check whether it still has them. Left out: nothing is
   * checked.
   */
  readonly rows?: SinkRows;
  /** The largest message that it takes, in bytes; a longer dead letter is truncated. */
  readonly maxMessageBytes?: number;
}

/**
 * Batches of a lane that may be open beyond its limits, while sinks that gather hold what is left
 * of them.
 */
export const absorbableBatches = 64;

/**
 * Messages of a lane that may be under way at once. A lane may be over its limits by the one batch
 * that it was reading.
 */
export function messagesUnderWay(laneBatches: number, absorbable: number, batch: number): number {
  return (laneBatches + absorbable + 1) * batch;
}

/** What a sink does with batches before it writes them. */
export interface Gathering {
  /**
   * Brings the batches of one lane to `write`, one after the other, and passes on what it gives;
   * messages of several may be written as one. It calls `absorb` of the track of each message that
   * it holds, at most within bounds of its own, and before the message is written: the lane is read
   * on as if it had ended, while its position waits for the end.
   *
   * @param write ends every message of a batch; never rejects
   * @param wasStored whether the preceding sink had stored a message before: it has to be written as
   *   it came
   */
  lane(
    write: (batch: Batch) => Promise<Batch>,
    wasStored: (message: Message) => boolean,
  ): OperatorFunction<Batch, Batch>;
}

/** What counters remember of each lane. */
export interface SinkCounters {
  /**
   * The highest (offset, index) of a lane that was counted, with that record's timestamp and key.
   */
  mark(lane: string): Promise<Mark | undefined>;
  /**
   * Lowers a lane's marks that are above `to` to it, so that counting continues after that record;
   * without `to`, at the first. The counts stay.
   */
  forget(lane: string, to: Mark | undefined): Promise<void>;
}

/** Checks of a table's rows, and rows that don't come from a topology. */
export interface SinkRows {
  /**
   * Checks what was confirmed for a lane before. Undefined when every proof is still there;
   * otherwise the store is older than they are (restored, emptied), and the result is the offset
   * after the lane's newest record of which it has anything, 0 if there is none. Everything below
   * it is stored, except for writes that were under way.
   */
  behind(lane: string, proofs: readonly Proof[]): Promise<number | undefined>;
  /**
   * Tables with a `unique` field: stores one row, in place of the one with the same unique value if
   * there is one, in one atomic and durable step; `expire` then counts from now, and expired rows
   * are removed from time to time. Not for the messages of a topology, whose replay would bring old
   * rows back, but for the status of a process. Resolves when durable, and gives up on `signal`.
   * Left out: the sink stores messages only.
   */
  put?(row: Row, signal: AbortSignal): Promise<void>;
}

/**
 * The result of one write, by the index of each message. Messages that it does not name were stored
 * now.
 */
export interface Receipt {
  /** Messages stored before, and where the stored rows came from. */
  readonly known?: ReadonlyMap<number, Coordinates>;
  readonly failed?: ReadonlyMap<number, Error>;
  /**
   * Lets a table check later whether it still has this write; left out if the write changed
   * nothing.
   */
  readonly proof?: Proof;
}

export interface Mark extends LogRecord {
  readonly offset: number;
  readonly index: number;
}
