import type { ConnectorPlan, OperatorPlan, Plan, TopologyPlan } from '../../engine/plan.ts';
import { suggestion } from '../../kit/names.ts';
import { describeRoute } from '../check/shapes.ts';
import { type Problem, Problems } from '../problem.ts';
import {
  type ConnectorSpec,
  inputOf,
  type OperatorSpec,
  operatorsOf,
  type Spec,
  type TopologySpec,
  usesOf,
} from '../spec.ts';
import { channelsOf } from './channels.ts';
import { explainer } from './explain.ts';
import { checkStart, reportMissing } from './start-checks.ts';

/** A plan, or all problems that prevent it. */
export type Resolution =
  | { readonly plan: Plan; readonly problems: readonly [] }
  | { readonly plan: undefined; readonly problems: readonly Problem[] };

/**
 * Picks the topologies to start (all but those marked `autostart: false`, unless some are named) and checks what
 * depends on that: variables that are not set, and connectors that can't run side by side. The pipeline's own problems,
 * wherever they are, prevent a plan as well. With `isTest` a topology may lack what another one of its process has.
 */
export function resolve(
  spec: Spec,
  options: { readonly topologies?: readonly string[] | undefined; readonly isTest?: boolean } = {},
): Resolution {
  const problems = new Problems(spec.problems);
  const started = chosen(spec, options.topologies, problems);
  const status = statusOf(spec);
  const connectors = [...new Set([...neededBy(started, spec), ...(status ? [status] : [])])];
  checkStart({ topologies: started, connectors, spec, problems, isTest: options.isTest ?? false });
  if (problems.size > 0) return { plan: undefined, problems: problems.list };
  return { plan: planOf(spec, started, connectors), problems: [] };
}

/** The table that every process reports to, or the problems; neither if the pipeline has none. */
export function resolveStatus(spec: Spec): {
  readonly connector: ConnectorPlan | undefined;
  readonly problems: readonly Problem[];
} {
  const status = statusOf(spec);
  const { connectors, problems } = resolveConnectors(spec, status ? [status] : []);
  return { connector: connectors[0], problems };
}

/** Connectors for a command that runs no topology, or the problems. */
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

/** Topologies as plans, whether or not they could start together: for pictures of a pipeline without mistakes. */
export function drawnPlans(spec: Spec, topologies: readonly TopologySpec[]): readonly TopologyPlan[] {
  return topologies.flatMap((topology) => topologyPlan(topology, spec) ?? []);
}

function connectorPlans(connectors: readonly ConnectorSpec[]): readonly ConnectorPlan[] {
  return connectors.flatMap(({ name, declaration, options }) => (declaration ? [{ name, declaration, options }] : []));
}

function topologyPlan(topology: TopologySpec, spec: Spec): TopologyPlan | undefined {
  const { name, description, source, deadLetter } = topology;
  if (!source?.connector) return undefined;
  return {
    name,
    description,
    explain: explainer(neededBy([topology], spec)),
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
    channels: topology.routes.length === 0 ? [] : channelsOf(spec),
    routes: topology.routes.map((route) => ({
      ...describeRoute(route, spec.connectors),
      operators: operatorPlans(route.operators),
    })),
  };
}

function operatorPlans(operators: readonly OperatorSpec[]): readonly OperatorPlan[] {
  return operators.flatMap(({ declaration, options }) => (declaration ? [{ declaration, options }] : []));
}
