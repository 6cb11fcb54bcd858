import type { Settings } from '../engine/plan.ts';
import type { ConnectorDeclaration, OperatorDeclaration } from '../kit/declaration.ts';
import type { Guarantee } from '../kit/guarantee.ts';
import type { Usage } from '../kit/role.ts';
import type { Problems } from './problem.ts';
import type { SourceRange } from './read/source.ts';
import type { Entry, MapTree, Tree } from './read/tree.ts';
import type { Variables } from './read/variables.ts';

/** A pipeline as it was read: everything that could be understood, and all problems. */
export interface Spec {
  readonly name: string;
  readonly nameTree: Tree | undefined;
  /** The pipeline's file. */
  readonly path: string;
  /** The profile that was applied; undefined when the pipeline has none. */
  readonly profile: string | undefined;
  /** What `plugins` lists. */
  readonly plugins: readonly NameSpec[];
  /** The environment, with `.env` below it. */
  readonly variables: Variables;
  readonly settings: SettingsSpec;
  readonly connectors: ReadonlyMap<string, ConnectorSpec>;
  /** In the order of the files. */
  readonly topologies: ReadonlyMap<string, TopologySpec>;
  readonly problems: Problems;
}

export interface SettingsSpec extends Settings {
  /** The table that every process reports to. */
  readonly status: string | undefined;
  /** The dead letter of topologies that have none of their own. */
  readonly deadLetter: NameSpec | undefined;
  readonly tree: MapTree | undefined;
  /** Plain values, defaults filled in. */
  readonly value: unknown;
}

/** A reference by name to something else in the pipeline. */
export interface NameSpec {
  readonly name: string;
  readonly range: SourceRange;
  /** Environment variables that the name was made from. */
  readonly variables?: readonly string[] | undefined;
}

export interface ConnectorSpec {
  readonly name: string;
  readonly entry: Entry;
  /** Undefined when there is no such type. */
  readonly declaration: ConnectorDeclaration | undefined;
  /** Checked, defaults filled in. */
  readonly options: unknown;
  /** True if the options are valid. */
  readonly valid: boolean;
}

export interface OperatorSpec {
  readonly type: string;
  /** The range of its name. */
  readonly range: SourceRange;
  readonly tree: Tree | undefined;
  /** Undefined when there is no such operator. */
  readonly declaration: OperatorDeclaration | undefined;
  readonly options: unknown;
  readonly valid: boolean;
  /** Connectors that it looks things up in. */
  readonly lookups: readonly NameSpec[];
}

export type RoleName = 'source' | 'sink' | 'lookup';

/** A connector in a role, with the options that hold there. */
export interface UseSpec {
  /** Undefined when the name is wrong or missing. */
  readonly connector: ConnectorSpec | undefined;
  readonly role: RoleName;
  /** The range of the connector's name. */
  readonly range: SourceRange;
  readonly tree: Tree | undefined;
  readonly usage: Usage;
}

export interface BranchSpec {
  readonly name: string;
  readonly sink: UseSpec;
  readonly operators: readonly OperatorSpec[];
  readonly after: NameSpec | undefined;
  readonly bestEffort: boolean;
  readonly range: SourceRange;
}

export interface RouteSpec {
  readonly route: string;
  readonly range: SourceRange;
  readonly operators: readonly OperatorSpec[];
}

export interface TopologySpec {
  readonly name: string;
  readonly entry: Entry;
  readonly description: string;
  readonly autostart: boolean;
  readonly source: UseSpec | undefined;
  readonly operators: readonly OperatorSpec[];
  readonly branches: readonly BranchSpec[];
  readonly routes: readonly RouteSpec[];
  /** What every path to a sink is to keep; undefined if nothing is declared. */
  readonly guarantee: { readonly level: Guarantee; readonly range: SourceRange } | undefined;
  /** Its own, or the one of the settings. */
  readonly deadLetter: UseSpec | undefined;
  /** True when `deadLetter` comes from the settings. */
  readonly inheritsDeadLetter: boolean;
}

/** Every operator before a branch's sink: the topology's, those of the branch that it follows, its own. */
export function chainOf(topology: TopologySpec, branch: BranchSpec): readonly OperatorSpec[] {
  const earlier = topology.branches.slice(0, topology.branches.indexOf(branch));
  const before = branch.after && earlier.find(({ name }) => name === branch.after?.name);
  return [...(before ? chainOf(topology, before) : topology.operators), ...branch.operators];
}

/** Whether the messages of a branch end as merge operations. */
export function inputOf(topology: TopologySpec, branch: BranchSpec): 'rows' | 'merges' {
  return chainOf(topology, branch).at(-1)?.declaration?.output ?? 'rows';
}

/** Every connector that a topology uses, in the order of the flow. */
export function usesOf(topology: TopologySpec): readonly UseSpec[] {
  const { source, branches, deadLetter } = topology;
  return [source, ...branches.map(({ sink }) => sink), deadLetter].filter((use) => use !== undefined);
}

/** Every operator of a topology, in the order of the flow. */
export function operatorsOf(topology: TopologySpec): readonly OperatorSpec[] {
  return [topology, ...topology.branches, ...topology.routes].flatMap(({ operators }) => operators);
}

/** The connectors of the tables that operators of a topology ask. */
export function lookupsOf(topology: TopologySpec): readonly string[] {
  return [...new Set(operatorsOf(topology).flatMap(({ lookups }) => lookups.map(({ name }) => name)))];
}
