import type { LatencySnapshot } from './latency.ts';
import type { NodeKind, NodeState } from './node-state.ts';

/**
 * `standby` waits for its turn in a consumer group; `held` and `failed` wait for a person. Counters are totals since
 * the process started; those of a topology are in source messages.
 */
export type TopologyState = 'starting' | 'standby' | 'running' | 'held' | 'draining' | 'stopped' | 'failed';

/** The state of a process at one instant: metrics, health and the status line are made from it. */
export interface ProcessSnapshot {
  /** Wall clock of the instant, Unix ms. */
  readonly at: number;
  readonly pid: number;
  readonly host: string;
  /** FDP_INSTANCE, else the host's name. */
  readonly instance: string;
  /** The version of fdp. */
  readonly version: string;
  /** Wall clock of the start, Unix ms. */
  readonly startedAt: number;
  /** True when every topology is. */
  readonly ready: boolean;
  readonly topologies: readonly TopologySnapshot[];
}

/** One topology, in source messages: `read = delivered + filtered + rejected + released + inFlight`. */
export interface TopologySnapshot {
  readonly name: string;
  readonly state: TopologyState;
  readonly ready: boolean;
  /** Why it is not running, or not ready; one line. */
  readonly reason?: string;
  readonly read: number;
  readonly delivered: number;
  readonly filtered: number;
  readonly rejected: number;
  readonly released: number;
  readonly inFlight: number;
  /** Messages in the log behind which the source is; left out where there is no log, or it is not known. */
  readonly lag?: number;
  /** The partitions of the log that this process reads; left out where there are none. */
  readonly partitions?: readonly number[];
  /** How often the supervisor restarted it. */
  readonly restarts: number;
  /**
   * How long messages took: from when their batch was read, or from the timestamp of its first record where the source
   * is a log, until the batch was settled.
   */
  readonly latency: LatencySnapshot;
  /** In the order of the flow: source, operators, sinks, dead letter. */
  readonly nodes: readonly NodeSnapshot[];
}

/** One node, in its own messages: `in + made = out + filtered + rejected + released + inFlight`. */
export interface NodeSnapshot {
  readonly name: string;
  readonly kind: NodeKind;
  /** The component's type in the YAML. */
  readonly type: string;
  /** The node that gives it messages; left out for the source, lookups and the dead letter. */
  readonly from?: string;
  readonly state: NodeState;
  /** Why the state is not `ok`; one line. */
  readonly reason?: string;
  /** When it will try again, Unix ms, where that is known. */
  readonly retryAt?: number;
  /** The address it works at, if it has one. */
  readonly address?: string;
  readonly in: number;
  readonly made: number;
  readonly out: number;
  readonly filtered: number;
  readonly rejected: number;
  readonly released: number;
  readonly inFlight: number;
  readonly retries: number;
  /** Counters and gauges that only this kind of node has: reconnects, gaps, clients, keys evicted. */
  readonly extra: Readonly<Record<string, number>>;
  /** Which of `extra` may fall as well as rise. */
  readonly gauges: readonly string[];
}

/** A process's report in the status table: enough to show it in any terminal. */
export interface StatusReport {
  readonly pipeline: string;
  readonly profile?: string;
  readonly process: ProcessSnapshot;
  /** By topology. */
  readonly topologies: Readonly<Record<string, TopologyDescription>>;
}

export interface TopologyDescription {
  readonly description: string;
  /** The options of every node, by its name, with secrets masked. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A row of the table of `settings.status`: one per process, replaced every second. */
export const statusTable = {
  /** Host, pid and start; when the row was written, by that host's clock; the report as JSON. */
  fields: { process: 'string', at: 'date', snapshot: 'string' },
  unique: 'process',
} as const;
