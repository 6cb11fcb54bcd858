import type { ConnectorPlan, OperatorPlan, Plan, TopologyPlan } from '../../engine/plan.ts';
import { suggestion } from '../../kit/names.ts';
import { missingHint } from '../check/annotations.ts';
import { guarded } from '../check/connectors.ts';
import { describeRoute } from '../check/shapes.ts';
import { type Problem, Problems } from '../problem.ts';
import { lineAndColumn } from '../read/source.ts';
import { scalarsOf, type Tree } from '../read/tree.ts';
import {
  type ConnectorSpec,
  inputOf,
  type OperatorSpec,
  operatorsOf,
  type Spec,
  type TopologySpec,
  type UseSpec,
  usesOf,
} from '../spec.ts';
import { originsOf } from './origins.ts';

/** A plan, or everything that stands in its way. */
export type Resolution =
  | { readonly plan: Plan; readonly problems: readonly [] }
  | { readonly plan: undefined; readonly problems: readonly Problem[] };

/**
 * Picks the topologies to start (all but those marked `autostart: false`, unless some are named) and checks what
 * depends on that: variables that are not set, and connectors that can't run side by side. The spec's own problems,
 * wherever they are, stand in the way as well.
 */
export function resolve(spec: Spec, options: { readonly topologies?: readonly string[] | undefined } = {}): Resolution {
  const problems = new Problems(spec.problems);
  const started = chosen(spec, options.topologies, problems);
  reportSharedGroups(spec, problems);
  const status = statusOf(spec);
  const connectors = [...new Set([...neededBy(started, spec), ...(status ? [status] : [])])];
  reportMissing(started, connectors, { spec, problems });
  reportClaims(connectors, problems);
  reportExclusive(started, problems);
  reportBeside(started, spec, problems);
  if (problems.size > 0) return { plan: undefined, problems: problems.list };
  return { plan: planOf(spec, started, connectors), problems: [] };
}

/** The table that every process reports to, or what stands in its way; neither when the pipeline has none. */
export function resolveStatus(spec: Spec): {
  readonly connector: ConnectorPlan | undefined;
  readonly problems: readonly Problem[];
} {
  const status = statusOf(spec);
  const { connectors, problems } = resolveConnectors(spec, status ? [status] : []);
  return { connector: connectors[0], problems };
}

/** Connectors for a command that runs no topology, or what stands in their way. */
export function resolveConnectors(
  spec: Spec,
  wanted: readonly ConnectorSpec[],
): { readonly connectors: readonly ConnectorPlan[]; readonly problems: readonly Problem[] } {
  const problems = new Problems(spec.problems);
  reportMissing([], wanted, { spec, problems });
  return { connectors: problems.size > 0 ? [] : connectorPlans(wanted), problems: problems.list };
}

function statusOf({ settings, connectors }: Spec): ConnectorSpec | undefined {
  return settings.status === undefined ? undefined : connectors.get(settings.status);
}

/** The topologies that would start. */
export function startedTopologies(spec: Spec, asked?: readonly string[]): readonly TopologySpec[] {
  const all = [...spec.topologies.values()];
  if (!asked || asked.length === 0) return all.filter(({ autostart }) => autostart);
  return all.filter(({ name }) => asked.includes(name));
}

function chosen(spec: Spec, asked: readonly string[] | undefined, problems: Problems): readonly TopologySpec[] {
  const started = startedTopologies(spec, asked);
  const names = [...spec.topologies.keys()];
  if (spec.topologies.size === 0 && spec.problems.size > 0) return started;
  for (const name of asked ?? [])
    if (!spec.topologies.has(name))
      problems.add(undefined, `unknown topology "${name}"`, { hint: suggestion(name, names, 'topologies') });
  if (started.length === 0 && problems.size === 0)
    problems.add(undefined, 'there is no topology to start', {
      hint: names.length > 0 ? `name one that does not start by itself: ${names.join(', ')}` : 'topologies: is empty',
    });
  return started;
}

function neededBy(started: readonly TopologySpec[], spec: Spec): readonly ConnectorSpec[] {
  const needed = new Set<ConnectorSpec>();
  for (const topology of started) {
    const lookups = operatorsOf(topology).flatMap((operator) => operator.lookups);
    for (const { connector } of usesOf(topology)) if (connector) needed.add(connector);
    for (const { name } of lookups) {
      const connector = spec.connectors.get(name);
      if (connector) needed.add(connector);
    }
  }
  return [...needed];
}

interface Report {
  readonly spec: Spec;
  readonly problems: Problems;
}

/** Every variable that is not set is reported once, where it is first needed. */
function reportMissing(
  started: readonly TopologySpec[],
  connectors: readonly ConnectorSpec[],
  { spec, problems }: Report,
): void {
  const told = new Set<string>();
  const look = (subject: string, tree: Tree | undefined, schema: Parameters<typeof missingHint>[0]) => {
    for (const { scalar, path } of scalarsOf(tree)) {
      const { missing } = scalar;
      if (!missing || told.has(missing.text)) continue;
      told.add(missing.text);
      const hint =
        missing.hint ??
        missingHint(schema, path) ??
        `set ${missing.variable}, in the environment or in .env beside the pipeline`;
      problems.add(scalar.at, missing.text, { subject, hint });
    }
  };
  look('name', spec.nameTree, {});
  look('settings', spec.settings.tree, {});
  for (const { name, entry, declaration } of connectors) look(name, entry.value, declaration?.options ?? {});
  for (const { name, entry } of started) look(name, entry.value, {});
}

/** Two connectors of one process can't have the same port or file. */
function reportClaims(connectors: readonly ConnectorSpec[], problems: Problems): void {
  const claimed = new Map<string, ConnectorSpec>();
  for (const connector of connectors) {
    const { declaration, valid, options, entry, name } = connector;
    if (!valid || !declaration?.claims) continue;
    const report = (_path: unknown, text: string) => problems.add(entry.key, text, { subject: name });
    for (const claim of guarded(report, () => declaration.claims?.(options)) ?? []) {
      const first = claimed.get(claim);
      if (first && first !== connector)
        problems.add(entry.key, `claims ${claim}, as does "${first.name}"`, {
          subject: name,
          hint: 'they cannot run in the same process: change one, or start their topologies in separate processes with --topology',
        });
      else claimed.set(claim, connector);
    }
  }
}

/** A server's port serves one topology. */
function reportExclusive(started: readonly TopologySpec[], problems: Problems): void {
  const taken = new Map<string, string>();
  for (const topology of started) {
    for (const { connector, role, place } of usesOf(topology)) {
      if (!connector?.declaration?.[role]?.exclusive) continue;
      const use = `${role} ${connector.name}`;
      const first = taken.get(use);
      if (first === undefined) taken.set(use, topology.name);
      else
        problems.add(place, `"${connector.name}" is the ${role} of "${first}" already`, {
          subject: topology.name,
          hint: 'only one topology of a process can use it: start them in separate processes with --topology, or give each its own connector',
        });
    }
  }
}

/**
 * The members of a group share a log's messages among them: two topologies that read one log in one group would each miss
 * what the other reads, in one process or in two.
 */
function reportSharedGroups({ topologies }: Spec, problems: Problems): void {
  const readers = new Map<string, TopologySpec>();
  for (const topology of topologies.values()) {
    const { connector, usage, place } = topology.source ?? {};
    const group = usage?.['group'];
    if (!connector?.valid || typeof group !== 'string' || !connector.declaration?.logNames) continue;
    const names = connector.declaration.logNames(connector.options).map((name) => `${name} ${group}`);
    const first = names.map((name) => readers.get(name)).find((reader) => reader !== undefined);
    for (const name of names) readers.set(name, first ?? topology);
    if (first?.source)
      problems.add(
        place,
        `"${first.name}" (line ${lineAndColumn(first.source.place).line}) reads this log in group "${group}" already`,
        {
          subject: topology.name,
          hint: 'each would miss the messages that the other reads: give it another `group`',
        },
      );
  }
}

/** A role that does nothing without another one of its connector wants that one in the same process. */
function reportBeside(started: readonly TopologySpec[], spec: Spec, problems: Problems): void {
  const uses = started.flatMap(usesOf);
  for (const topology of started) {
    for (const { connector, role, place } of usesOf(topology)) {
      const wanted = connector?.declaration?.[role]?.beside;
      const isWith = (use: UseSpec) => use.connector === connector && use.role === wanted;
      if (!wanted || uses.some(isWith)) continue;
      const other = [...spec.topologies.values()].find((each) => usesOf(each).some(isWith));
      problems.add(
        place,
        `"${connector.name}" as a ${role} shows nothing without the topology that has it as its ${wanted}`,
        {
          subject: topology.name,
          hint: other
            ? `start both in one process: --topology ${other.name},${topology.name}`
            : `no topology has it as its ${wanted}`,
        },
      );
    }
  }
}

function planOf(spec: Spec, started: readonly TopologySpec[], needed: readonly ConnectorSpec[]): Plan {
  const { shutdownMs, writeTimeoutMs, limits } = spec.settings;
  return {
    name: spec.name,
    settings: { shutdownMs, writeTimeoutMs, limits },
    connectors: new Map(connectorPlans(needed).map((connector) => [connector.name, connector])),
    topologies: started.flatMap((topology) => topologyPlan(topology, spec) ?? []),
    status: spec.settings.status,
  };
}

function connectorPlans(connectors: readonly ConnectorSpec[]): readonly ConnectorPlan[] {
  return connectors.flatMap((connector) => {
    const { name, declaration, options } = connector;
    return declaration ? [{ name, declaration, options, origins: originsOf(connector) }] : [];
  });
}

function topologyPlan(topology: TopologySpec, { connectors }: Spec): TopologyPlan | undefined {
  const { name, description, source, deadLetter } = topology;
  if (!source?.connector) return undefined;
  return {
    name,
    description,
    deadLetter: deadLetter?.connector && { connector: deadLetter.connector.name, usage: deadLetter.usage },
    source: { connector: source.connector.name, usage: source.usage },
    operators: operatorPlans(topology.operators),
    branches: topology.branches.map((branch) => ({
      name: branch.name,
      connector: branch.sink.connector?.name ?? '',
      usage: branch.sink.usage,
      operators: operatorPlans(branch.operators),
      input: inputOf(topology, branch),
      after: branch.after?.name,
      bestEffort: branch.bestEffort,
    })),
    routes: topology.routes.map((route) => ({
      ...describeRoute(route, connectors),
      operators: operatorPlans(route.operators),
    })),
  };
}

function operatorPlans(operators: readonly OperatorSpec[]): readonly OperatorPlan[] {
  return operators.flatMap(({ declaration, options }) => (declaration ? [{ declaration, options }] : []));
}
