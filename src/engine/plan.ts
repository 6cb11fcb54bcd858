import type { ChannelDescription } from '../kit/channel.ts';
import type { ConnectorDeclaration, OperatorDeclaration } from '../kit/declaration.ts';
import type { RouteDescription } from '../kit/request.ts';
import type { Usage } from '../kit/role.ts';

/** What is to run, read and checked: made by `src/pipeline/`, carried out by the runtime. */
export interface Plan {
  readonly name: string;
  readonly settings: Settings;
  /** The connectors that the started topologies, and `status`, need, by name. */
  readonly connectors: ReadonlyMap<string, ConnectorPlan>;
  readonly topologies: readonly TopologyPlan[];
  /** The table that the process reports to, one of `connectors`; undefined: nothing is reported. */
  readonly status?: string | undefined;
}

export interface Settings {
  /** How long a drain may take before it is forced, ms. */
  readonly shutdownMs: number;
  /** How long one attempt of a write may take, ms. */
  readonly writeTimeoutMs: number;
  readonly limits: Limits;
}

/** What may be read and not yet settled. */
export interface Limits {
  readonly laneBatches: number;
  readonly laneBytes: number;
  readonly topologyBatches: number;
  readonly topologyBytes: number;
}

export interface ConnectorPlan {
  readonly name: string;
  readonly declaration: ConnectorDeclaration;
  /** Validated against the declaration's schema, defaults filled in. */
  readonly options: unknown;
}

export interface TopologyPlan {
  readonly name: string;
  readonly description: string;
  /** Adds to an error's text which environment variables its values come from; left out where that is unknown. */
  explain?(text: string): string;
  /** The connector that takes rejected messages; undefined: they are logged and counted. */
  readonly deadLetter: UsePlan | undefined;
  readonly source: UsePlan;
  /** Before the fan-out; empty when there are routes. */
  readonly operators: readonly OperatorPlan[];
  /** Empty when there are routes. A branch comes after the one that it names in `after`. */
  readonly branches: readonly BranchPlan[];
  /** One chain of operators per route; only for a source of requests. */
  readonly routes: readonly RoutePlan[];
  /** What else the pipeline shows to other programs; only for a source of requests. */
  readonly channels?: readonly ChannelDescription[];
}

export interface OperatorPlan {
  readonly declaration: OperatorDeclaration;
  readonly options: unknown;
}

/** A connector in a role, with the options given there. */
export interface UsePlan {
  readonly connector: string;
  readonly usage: Usage;
}

export interface BranchPlan extends UsePlan {
  /** Unique within the topology: the connector's name unless given. */
  readonly name: string;
  readonly operators: readonly OperatorPlan[];
  readonly input: 'rows' | 'merges';
  readonly after: string | undefined;
  readonly bestEffort: boolean;
}

export interface RoutePlan extends RouteDescription {
  readonly operators: readonly OperatorPlan[];
}
