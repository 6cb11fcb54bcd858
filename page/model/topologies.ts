import type { NodeSnapshot, ProcessSnapshot, StatusReport, TopologySnapshot } from '../../src/kit/snapshot.ts';
import { type History, processKey, ratePerSecond, sumKnown } from './rates.ts';
import {
  isSick,
  type NodeStateWord,
  type Tone,
  type TopologyStateWord,
  toneOf,
  worstNode,
  worstTopology,
} from './states.ts';

/** One process that runs a topology. */
export interface Instance {
  readonly process: ProcessSnapshot;
  readonly snapshot: TopologySnapshot;
  /** Time since its last report, ms, by the clock of the report's reader. */
  readonly silentMs: number;
  readonly readPerSecond: number | undefined;
}

const nodeCounters = ['in', 'made', 'out', 'filtered', 'rejected', 'released', 'inFlight', 'retries'] as const;
const topologyCounters = ['read', 'delivered', 'filtered', 'rejected', 'released', 'inFlight', 'restarts'] as const;

/** A node across all processes that run it: counts are summed, the state is the worst one. */
export interface NodeView extends Readonly<Record<(typeof nodeCounters)[number], number>> {
  readonly name: string;
  readonly kind: NodeSnapshot['kind'];
  readonly type: string;
  readonly from?: string;
  readonly state: NodeStateWord;
  readonly reason?: string;
  readonly extra: Readonly<Record<string, number>>;
  readonly inPerSecond: number | undefined;
  readonly outPerSecond: number | undefined;
  /** Secrets are masked by the server. */
  readonly options: unknown;
}

/** A topology across all processes that run it: counts are summed, the state is the worst one. */
export interface TopologyView extends Readonly<Record<(typeof topologyCounters)[number], number>> {
  readonly name: string;
  readonly description: string;
  readonly state: TopologyStateWord;
  readonly tone: Tone;
  /** Why it is not healthy, without duplicates. */
  readonly reasons: readonly string[];
  readonly readPerSecond: number | undefined;
  /** Messages behind the end of the log. */
  readonly lag?: number;
  /** Of the slowest process. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  readonly nodes: readonly NodeView[];
  readonly instances: readonly Instance[];
}

/** A process that has not reported for this long is shown as silent, ms; the server removes it later. */
const silentAfterMs = 4000;

/** Every topology that any process runs, in the order of the pipeline. */
export function topologiesOf(reports: readonly StatusReport[], history: History, now: number): readonly TopologyView[] {
  const names = new Set(reports.flatMap(({ process }) => process.topologies.map(({ name }) => name)));
  return [...names].map((name) => topologyOf(name, { reports, history, now }));
}

interface Sources {
  readonly reports: readonly StatusReport[];
  readonly history: History;
  readonly now: number;
}

function topologyOf(name: string, { reports, history, now }: Sources): TopologyView {
  const description = reports.map(({ topologies }) => topologies[name]).find((found) => found !== undefined);
  const instances = reports.flatMap(({ process }) => instanceOf(process, { name, history, now }) ?? []);
  const snapshots = instances.map(({ snapshot }) => snapshot);
  const reasons = [...new Set(instances.flatMap(reasonsOf))];
  const lag = sumKnown(snapshots.map((snapshot) => (snapshot.state === 'standby' ? undefined : snapshot.lag)));
  const p50Ms = highest(snapshots.map(({ latency }) => latency.p50Ms));
  const p99Ms = highest(snapshots.map(({ latency }) => latency.p99Ms));
  const state = worstTopology(snapshots.map((snapshot) => snapshot.state));
  return {
    name,
    description: description?.description ?? '',
    state,
    tone: instances.some(isSilent) ? 'bad' : toneOf(state, snapshots),
    reasons,
    ...sums(snapshots, topologyCounters),
    readPerSecond: sumKnown(instances.map(({ readPerSecond }) => readPerSecond)),
    ...(lag === undefined ? {} : { lag }),
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(p99Ms === undefined ? {} : { p99Ms }),
    nodes: nodesOf(instances, history, description?.options ?? {}),
    instances,
  };
}

function instanceOf(
  process: ProcessSnapshot,
  { name, history, now }: { readonly name: string; readonly history: History; readonly now: number },
): Instance | undefined {
  const snapshot = find(process, name);
  if (!snapshot) return undefined;
  const readPerSecond = ratePerSecond(history.get(processKey(process)), (earlier) => find(earlier, name)?.read);
  return { process, snapshot, silentMs: Math.max(0, now - process.at), readPerSecond };
}

/** Whether a report of the process is overdue. */
export function isSilent({ silentMs }: Instance): boolean {
  return silentMs >= silentAfterMs;
}

function reasonsOf(instance: Instance): readonly string[] {
  const { process, snapshot } = instance;
  const own = snapshot.reason === undefined ? [] : [snapshot.reason];
  if (!isSilent(instance)) return own;
  return [...own, `process ${process.pid} on ${process.host} is silent: is it still running?`];
}

function nodesOf(
  instances: readonly Instance[],
  history: History,
  options: Readonly<Record<string, unknown>>,
): readonly NodeView[] {
  const names = new Set(instances.flatMap(({ snapshot }) => snapshot.nodes.map(({ name }) => name)));
  return [...names].flatMap((name) => {
    const found = instances.flatMap(({ process, snapshot }) => {
      const node = snapshot.nodes.find((candidate) => candidate.name === name);
      return node ? [{ node, snapshots: history.get(processKey(process)), topology: snapshot.name }] : [];
    });
    const [first] = found;
    if (!first) return [];
    const all = found.map(({ node }) => node);
    const reason = all.find(isSick)?.reason ?? all.find((node) => node.reason !== undefined)?.reason;
    const rate = (counter: 'in' | 'out') =>
      sumKnown(found.map(({ snapshots, topology }) => ratePerSecond(snapshots, counted(topology, name, counter))));
    const { kind, type, from } = first.node;
    return {
      ...{ name, kind, type, state: worstNode(all.map(({ state }) => state)), ...sums(all, nodeCounters) },
      ...(from === undefined ? {} : { from }),
      ...(reason === undefined ? {} : { reason }),
      extra: summedExtra(all),
      inPerSecond: rate('in'),
      outPerSecond: rate('out'),
      options: options[name],
    };
  });
}

function counted(topology: string, node: string, counter: 'in' | 'out') {
  return (process: ProcessSnapshot) => find(process, topology)?.nodes.find(({ name }) => name === node)?.[counter];
}

function find(process: ProcessSnapshot, name: string): TopologySnapshot | undefined {
  return process.topologies.find((topology) => topology.name === name);
}

function sums<K extends string>(of: readonly Readonly<Record<K, number>>[], keys: readonly K[]): Record<K, number> {
  const entries = keys.map((key) => [key, of.reduce((sum, item) => sum + item[key], 0)]);
  return Object.fromEntries(entries) as Record<K, number>;
}

function summedExtra(nodes: readonly NodeSnapshot[]): Readonly<Record<string, number>> {
  const names = new Set(nodes.flatMap(({ extra }) => Object.keys(extra)));
  return Object.fromEntries(
    [...names].map((name) => [name, nodes.reduce((sum, { extra }) => sum + (extra[name] ?? 0), 0)]),
  );
}

function highest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
