import type { Observable } from 'rxjs';
import type { FdpError } from '../errors.ts';
import type { Chance } from './chance.ts';
import type { Clock } from './clock.ts';
import type { Message, SourceMessage } from './message.ts';
import type { Node } from './node.ts';
import type { ProcessSnapshot, StatusReport } from './snapshot.ts';

/** Structured log, one line an event. */
export interface Logger {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** The world as a component sees it: injected, so that tests can replace it whole. */
export interface Environment {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  /** Marks a moment between two durable steps; tests kill the process there. */
  failPoint(name: string): void | Promise<void>;
  /** For those who show the platform to a person; left out where nothing runs, as in most commands. */
  readonly platform?: Platform;
}

/** The running platform, as one who shows it may see it. */
export interface Platform {
  /** This process, now. */
  snapshot(): ProcessSnapshot;
  /** The same, with what it runs, as it is told to the status table. */
  report(): StatusReport;
  /**
   * What every process that runs last told of itself, on whatever machine; left out where the pipeline has no status
   * table. The table may be away: nothing is retried here.
   * @throws FDP_TIMEOUT, and what the table throws
   */
  reports?(): Promise<readonly StatusReport[]>;
  /** Stops this process cleanly, as SIGTERM does. */
  stop(): void;
  /** The file that takes the log while a screen is shown; left out where there is none. */
  readonly logFile?: string;
}

// ---- connectors -------------------------------------------------------------------------------------------------

/**
 * One place in the world, one instance a process, shared by all topologies that name it. It hands out roles; each role
 * is connected and closed on its own.
 */
export interface Connector {
  source?(usage: Usage, context: RoleContext): Source;
  sink?(usage: Usage, context: RoleContext): Sink;
  lookup?(context: RoleContext): Lookup;
  /**
   * For a log: what lies in it now, from its beginning, as a source that ends. Belongs to no group, commits nothing,
   * and its lanes have the same ids as those of a group.
   */
  browse?(context: RoleContext): Source;
  /** Frees what the roles shared. Called once, after every role was closed. */
  close(): Promise<void>;
}

/** The options given where a topology names the connector (`group`, `from`, ...), validated by the role's schema. */
export type Usage = Readonly<Record<string, unknown>>;

export interface RoleContext extends Environment {
  readonly topology: string;
  /** The node of this role: counters, state and readiness. */
  readonly node: Node;
  /** The routes of the topology; none unless its source is one for requests. */
  readonly routes: readonly RouteDescription[];
  /** What the sink will be given: plain rows, or merge operations that change a row's counters. */
  readonly input: 'rows' | 'merges';
  /** Whether the topology's source gives again what was not confirmed. A sink of one that can't may keep it on the disk. */
  readonly sourceReplays: boolean;
}

/** What the engine tells a role when it connects it. */
export interface ConnectOptions {
  /** The topology's source took over from a process that may still hold a port: wait for it instead of failing. */
  readonly takenOver: boolean;
}

/** What all roles have in common. */
export interface Role {
  /**
   * Touches the world: resolves when the role can work. Called again after a transient error, without end; a fatal one
   * ends the topology. A source that shares its work with others waits here until it is its turn (`node.is('standby')`).
   */
  connect(signal: AbortSignal, options?: ConnectOptions): Promise<void>;
  /** Frees everything; idempotent; also called when `connect` failed or never ran. */
  close(): Promise<void>;
}

export interface Source extends Role {
  /** True when what was not committed will be read again after a restart. */
  readonly replayable: boolean;
  /** True, after `connect`, when this process took over from one that may still hold its port or file. */
  readonly takenOver?: boolean;
  /**
   * The lanes, as they are opened. Subscribed to once after `connect`. Unsubscribing stops the intake: no new lane, no
   * new message from outside; lanes that are open go on until `close`. Completes when the source has no more to give.
   * An error means that the source is dead; the supervisor restarts the topology.
   */
  readonly lanes: Observable<Lane>;
  /** Messages in the log behind which this reader is, when it knows. */
  lag?(): number | undefined;
}

/** An ordered stream of messages. */
export interface Lane {
  readonly id: string;
  /** Aborts when the lane is taken away (rebalance, lease lost, request over). */
  readonly signal: AbortSignal;
  /** Which chain of operators it runs through: a route; left out where there is one chain. */
  readonly chain?: string;
  readonly request?: RequestContext;
  /**
   * The next messages, in order; waits until there are some; undefined at the end. Called by one reader at a time,
   * only while a permit is free. `signal` aborts when the lane should stop reading: resolve with undefined then.
   * A lane that can't replay ignores it and gives what it still holds first.
   */
  read(signal: AbortSignal): Promise<Reading | undefined>;
  /** What the group had committed when the lane began; it reads from there. */
  readonly start?: Committed;
  /** Messages of a reading, at most. */
  readonly batch?: number;
  /**
   * Makes `position` durable: everything before it has ended. With it goes the note, in place of the one before, none if
   * it is left out; up to 4000 bytes. One call at a time, positions only go up.
   */
  commit?(position: number, note?: string): Promise<void>;
  /** Before the first reading: goes back to a position and reads from there; durable, with its note, when it resolves. */
  rewind?(position: number, note?: string): Promise<void>;
  /** The record at `offset`, to check a sink's mark against; undefined when the log no longer, or not yet, has it. */
  recordAt?(offset: number): Promise<LogRecord | undefined>;
  /** The offsets that the log holds: the first, and the next that it will give. */
  range?(): Promise<{ readonly first: number; readonly next: number }>;
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
  /** The position to commit when all of them have ended: one past the last offset. Left out where nothing is committed. */
  readonly position?: number;
  /** What they weigh, for the permits. */
  readonly bytes: number;
  readonly warmUp?: boolean;
}

export interface Sink extends Role {
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
  /**
   * Tables with a `unique` field: stores one row, in place of the one with the same unique value if there is one, in one
   * atomic and durable step; `expire` then counts from now, and rows that have expired are removed now and then. Not for
   * the messages of a topology, whose replay would bring old rows back: for what a process says of itself. Resolves when
   * durable, and gives up on `signal`. Left out: the sink has no rows.
   */
  put?(row: Row, signal: AbortSignal): Promise<void>;
  /** For counters: the highest (offset, index) of a lane that was counted, with that record's timestamp and key. */
  mark?(lane: string): Promise<Mark | undefined>;
  /**
   * For counters: lowers the marks of a lane that lie above `to` down to it, so that counting goes on after that record;
   * without one, at the first. The counts stay.
   */
  forget?(lane: string, to: Mark | undefined): Promise<void>;
  /**
   * For tables that keep their rows: looks for what was confirmed for a lane before. Undefined when every proof is still
   * there; else the store is older than they are (restored, emptied), and it gives the offset after the newest record
   * of the lane of which it has something, 0 when there is nothing. Below that all is there, but for what lay in
   * writes that were under way.
   */
  behind?(lane: string, proofs: readonly Proof[]): Promise<number | undefined>;
  /** The largest message that it takes, in bytes; a longer dead letter is cut. */
  readonly maxMessageBytes?: number;
}

/** Where a stored row came from. */
export interface Coordinates {
  readonly lane: string;
  readonly offset: number;
  readonly index: number;
}

/** What became of the messages of one write, by their place in it. Whatever it does not name was stored now. */
export interface Receipt {
  /** Already there before, and where those came from. */
  readonly known?: ReadonlyMap<number, Coordinates>;
  readonly failed?: ReadonlyMap<number, Error>;
  /** By which a table knows later whether it still has this write; left out when the write changed nothing. */
  readonly proof?: Proof;
}

/** The last row that a write stored or changed, by its unique field, and the message that did it. */
export interface Proof extends Omit<Coordinates, 'lane'> {
  readonly key: string | number | boolean | null;
}

export interface Mark extends LogRecord {
  readonly offset: number;
  readonly index: number;
}

export interface Lookup extends Role {
  /** @throws FDP_UNAVAILABLE at once when the store is away; nothing is retried here */
  find(query: Query, signal: AbortSignal): Promise<readonly Row[]>;
}

/** Plain values: `date` as Unix ms, `int64` as number, `decimal` as plain text, and `_id` as opaque text. */
export type Row = Readonly<Record<string, unknown>>;

export interface Query {
  /** Field to value: all must be equal. */
  readonly where: Readonly<Record<string, unknown>>;
  readonly sort: readonly { readonly field: string; readonly descending: boolean }[];
  /** Rows at most. A store gives every row that matches up to it, or throws. */
  readonly limit: number;
  /**
   * Only rows after this one in the sort order. `value` is that of the first sort field (Unix ms for a date); with
   * `id`, the row's `_id`, rows of the same value count too, without it they are passed over.
   */
  readonly after?: { readonly value: number; readonly id?: string };
}

// ---- requests ---------------------------------------------------------------------------------------------------

/** One request that waits for its reply. Belongs to its batch, not to a message. */
export interface RequestContext {
  /** The requested path without its query, to make links from. */
  readonly path: string;
  /** The query as it was asked, without its `?`: tells its parameters from those of the path. Empty when there was none. */
  readonly query: string;
  /** Left by `find` for `reply`: where the next page begins, null on the last one. */
  page?: PageEdge | null;
  /** The first call of the two wins; later ones are ignored. */
  respond(data: unknown): void;
  fail(error: FdpError): void;
  /** Nobody works on it any more: fails it, if it still waits, and aborts its lane's signal. */
  stop(error: FdpError): void;
}

/** A route as those see it who ask: made from what its operators say of themselves. Schemas are JSON Schema 2020-12. */
export interface RouteDescription {
  /** `GET /api/v1/trades/{symbol}` */
  readonly route: string;
  readonly parameters: readonly RouteParameter[];
  /** The schema of the reply's data; an empty one where nobody knows. */
  readonly reply: Readonly<Record<string, unknown>>;
}

export interface RouteParameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly schema: Readonly<Record<string, unknown>>;
  readonly description?: string;
}

export interface PageEdge {
  /** Value of the first sort field of the last row shown. */
  readonly value: number;
  readonly id: string;
  readonly limit: number;
}

// ---- operators --------------------------------------------------------------------------------------------------

export interface OperatorContext extends Environment {
  readonly node: Node;
  /** The lookup role of a connector that the operator names in its options. */
  lookup(connector: string): Pick<Lookup, 'find'>;
}

/** A change of a row's counters, made by `metadata_upsert` and carried out by a table. */
export interface MergeOperation {
  readonly merge: {
    /** The row: its unique field and value. Made when missing. */
    readonly by: Readonly<Record<string, string>>;
    /** Fields that grow by a number. */
    readonly count: Readonly<Record<string, number>>;
    /** Fields that keep the highest value seen. */
    readonly latest: Readonly<Record<string, number>>;
  };
}
