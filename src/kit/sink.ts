import type { Message } from './message.ts';
import type { Coordinates, Proof } from './origin.ts';
import type { Role } from './role.ts';
import type { Row } from './row.ts';
import type { LogEnd, LogRecord } from './source.ts';

/**
 * Takes messages out of the platform. One to begin with is `ordered`, `connect`, `write` and `close`; what else a store
 * can do stands in the parts that it may leave out.
 */
export interface Sink extends Role, LogEnd {
  /** Ordered: one write of a lane at a time, in source order, retries included. */
  readonly ordered: boolean;
  /** Unordered: how many writes of a lane may be under way. */
  readonly maxInFlight?: number;
  /**
   * Resolves when the messages are durable. Throws when all of them failed; those that failed alone are named in the
   * receipt. An ordered sink names with a failed message all that follow it with the same key. On `signal` it gives up
   * as soon as it can; its effects are then unknown.
   */
  write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt>;
  /** Of a sink that counts: up to where it has counted. Left out: it keeps no marks. */
  readonly counters?: SinkCounters;
  /** Of a sink that keeps its rows, and can tell whether it still has them. Left out: nothing is asked. */
  readonly rows?: SinkRows;
  /** The largest message that it takes, in bytes; a longer dead letter is cut. */
  readonly maxMessageBytes?: number;
}

/** What counters remember of each lane. */
export interface SinkCounters {
  /** The highest (offset, index) of a lane that was counted, with that record's timestamp and key. */
  mark(lane: string): Promise<Mark | undefined>;
  /**
   * Lowers the marks of a lane that lie above `to` down to it, so that counting goes on after that record; without one,
   * at the first. The counts stay.
   */
  forget(lane: string, to: Mark | undefined): Promise<void>;
}

/** What a table answers about its rows, and takes beside the messages of a topology. */
export interface SinkRows {
  /**
   * Looks for what was confirmed for a lane before. Undefined when every proof is still there; else the store is older
   * than they are (restored, emptied), and it gives the offset after the newest record of the lane of which it has
   * something, 0 when there is nothing. Below that all is there, but for what lay in writes that were under way.
   */
  behind(lane: string, proofs: readonly Proof[]): Promise<number | undefined>;
  /**
   * Tables with a `unique` field: stores one row, in place of the one with the same unique value if there is one, in one
   * atomic and durable step; `expire` then counts from now, and rows that have expired are removed now and then. Not for
   * the messages of a topology, whose replay would bring old rows back: for what a process says of itself. Resolves when
   * durable, and gives up on `signal`. Left out: the sink stores messages only.
   */
  put?(row: Row, signal: AbortSignal): Promise<void>;
}

/** What became of the messages of one write, by their place in it. Whatever it does not name was stored now. */
export interface Receipt {
  /** Already there before, and where those came from. */
  readonly known?: ReadonlyMap<number, Coordinates>;
  readonly failed?: ReadonlyMap<number, Error>;
  /** By which a table knows later whether it still has this write; left out when the write changed nothing. */
  readonly proof?: Proof;
}

export interface Mark extends LogRecord {
  readonly offset: number;
  readonly index: number;
}
