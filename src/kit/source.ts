import type { Observable } from 'rxjs';
import type { SourceMessage } from './message.ts';
import type { RequestContext } from './request.ts';
import type { Role } from './role.ts';

export interface Source extends Role {
  /** True if messages that were not committed are read again after a restart. */
  readonly replayable: boolean;
  /**
   * True, after `connect`, when this process took over from one that may still hold its port or
   * file.
   */
  readonly takenOver?: boolean;
  /**
   * The lanes, as they are opened. Subscribed to once after `connect`. Unsubscribing stops the
   * intake: no new lane, no new message from outside; open lanes continue until `close`. Completes
   * when the source has no more to give. An error means that the source is dead; the supervisor
   * restarts the topology.
   */
  readonly lanes: Observable<Lane>;
  /** Messages in the log behind which this reader is, when it knows. */
  lag?(): number | undefined;
  /**
   * Of a source that can't replay, before `lanes` is subscribed to: where its messages go, once all
   * of it is connected. The last records of a log say since when the source was away.
   */
  resume?(into: readonly LogEnd[], signal: AbortSignal): Promise<void>;
}

/** Where messages go. */
export interface LogEnd {
  /** Of a log, once it is connected: the last record of each partition that has one. */
  last?(signal: AbortSignal): Promise<readonly SourceMessage[]>;
}

/**
 * An ordered stream of messages. A source that can't be read again needs only `id`, `signal` and
 * `read`; what else a log can do is in the optional parts.
 */
export interface Lane {
  readonly id: string;
  /** Aborts when the lane is revoked (rebalance, lease lost, request over). */
  readonly signal: AbortSignal;
  /** Which chain of operators it runs through: a route; left out where there is one chain. */
  readonly chain?: string;
  readonly request?: RequestContext;
  /**
   * The next messages, in order; waits until there are some; undefined at the end. Called by one
   * reader at a time, only while a permit is free. `signal` aborts when the lane should stop
   * reading: resolve with undefined then. A lane that can't replay ignores it and gives what it
   * still holds first.
   */
  read(signal: AbortSignal): Promise<Reading | undefined>;
  /** Messages of a reading, at most. */
  readonly batch?: number;
  /** Of a lane that reads a log: its records. */
  readonly log?: LaneLog;
  /**
   * Of a lane that a group reads: its position. Left out: nothing is committed, and nothing is read
   * again.
   */
  readonly group?: LanePosition;
}

/** What a log holds of one lane. */
export interface LaneLog {
  /**
   * The record at `offset`, to check a sink's mark against, and to write a letter of a message whose
   * bytes were let go; undefined when the log no longer, or not yet, has it.
   */
  recordAt(offset: number): Promise<(LogRecord & Pick<SourceMessage, 'raw'>) | undefined>;
  /** The offsets that the log holds: the first, and the next that it will give. */
  range(): Promise<{ readonly first: number; readonly next: number }>;
}

/** The position of the group that reads a lane. */
export interface LanePosition {
  /** What the group had committed when the lane began; it reads from there. */
  readonly start: Committed;
  /**
   * Makes `position` durable: everything before it has ended. The note is stored with it and
   * replaces the one before, none if it is left out; up to 4000 bytes. One call at a time,
   * positions only go up.
   */
  commit(position: number, note?: string): Promise<void>;
  /**
   * Before the first reading: rewinds to a position and reads from there; durable, with its note,
   * when it resolves.
   */
  rewind(position: number, note?: string): Promise<void>;
}

/** A group's position in a lane, and what was noted with it. */
export interface Committed {
  readonly position: number;
  readonly note?: string;
}

export interface LogRecord {
  readonly timestamp: number;
  readonly key: string | null;
}

export interface Reading {
  readonly messages: readonly SourceMessage[];
  /**
   * The position to commit when all of them have ended: one past the last offset. Left out where
   * nothing is committed.
   */
  readonly position?: number;
  /** Their size, for the permits. */
  readonly bytes: number;
  readonly warmUp?: boolean;
  /**
   * Whether more is in the log already, when that is known: sinks that gather then wait for it,
   * within their bounds. Where nothing comes of it (markers of transactions), a reading without
   * messages takes it back.
   */
  readonly more?: boolean;
}
