import type { ChannelDescription } from './channel.ts';
import type { Environment } from './environment.ts';
import type { NodeStats } from './node-stats.ts';
import type { Outcomes } from './outcomes.ts';
import type { RouteDescription } from './request.ts';

/**
 * The options given where a topology names the connector (`group`, `from`, ...): checked against
 * the schema of the role, with its defaults filled in.
 */
export type Usage = Readonly<Record<string, unknown>>;

export interface RoleContext extends Environment {
  readonly topology: string;
  /** The node of this role: counters, state and readiness. */
  readonly node: NodeStats;
  /** Ends messages that this node has already taken, such as those in a buffer. */
  readonly outcomes: Outcomes;
  /** The routes of the topology; none unless its source is one for requests. */
  readonly routes: readonly RouteDescription[];
  /** With routes: what else other programs can read of the pipeline. */
  readonly channels?: readonly ChannelDescription[];
  /** What the sink will be given: plain rows, or merge operations that change a row's counters. */
  readonly input: 'rows' | 'merges';
  /**
   * Whether the topology's source can be read again. If not, a sink may keep unconfirmed messages
   * on disk.
   */
  readonly sourceReplays: boolean;
}

/** What the engine passes to a role when it connects it. */
export interface ConnectOptions {
  /**
   * The topology's source took over from a process that may still hold a port: wait for it instead
   * of failing.
   */
  readonly takenOver: boolean;
}

/** What all roles have in common. */
export interface Role {
  /**
   * Connects; resolves when the role can work. Repeated without limit after transient errors; a
   * fatal one ends the topology. A source that shares its work with others waits here until it is
   * its turn (`node.is('standby')`).
   */
  connect(signal: AbortSignal, options?: ConnectOptions): Promise<void>;
  /** Frees everything; idempotent; also called when `connect` failed or never ran. */
  close(): Promise<void>;
}
