import type { StatusEvent } from './contract.ts';
import { type History, remember } from './rates.ts';
import { type TopologyView, topologiesOf } from './topologies.ts';

/** What is known of the platform after the last `status` event. */
export interface Platform {
  /** The server's clock at that event, Unix ms; 0 before the first one. */
  readonly at: number;
  readonly pipeline: string;
  readonly processes: number;
  readonly topologies: readonly TopologyView[];
  /** Why the figures are not all there. */
  readonly error?: string;
  readonly history: History;
}

export const noPlatform: Platform = { at: 0, pipeline: '', processes: 0, topologies: [], history: new Map() };

/** Topologies kept on show after their last process has gone. */
const maxGone = 20;

/** The platform after an event. A topology that nobody reports any more stays on show as gone. */
export function withStatus(before: Platform, event: StatusEvent): Platform {
  const { at, processes, error } = event;
  const history = remember(before.history, processes);
  const reported = topologiesOf(processes, history, at);
  const missing = before.topologies.filter(({ name }) => !reported.some((topology) => topology.name === name));
  // While the table is away nobody knows whether they have gone.
  const kept = error === undefined ? missing.map(gone) : missing;
  return {
    at,
    pipeline: processes[0]?.pipeline ?? before.pipeline,
    processes: processes.length,
    topologies: inOrder(before.topologies, [...reported, ...kept.slice(-maxGone)]),
    ...(error === undefined ? {} : { error }),
    history,
  };
}

/** Those that were on show stay in their place. */
function inOrder(before: readonly TopologyView[], now: readonly TopologyView[]): readonly TopologyView[] {
  const place = new Map(before.map(({ name }, index) => [name, index]));
  return [...now].sort((a, b) => (place.get(a.name) ?? before.length) - (place.get(b.name) ?? before.length));
}

function gone(topology: TopologyView): TopologyView {
  const { lag, p50Ms, p99Ms, ...rest } = topology;
  return {
    ...rest,
    state: 'gone',
    tone: 'bad',
    reasons: [`no process runs it any more: start it with "fdp-run --topology ${topology.name}"`],
    inFlight: 0,
    readPerSecond: undefined,
    instances: [],
    nodes: topology.nodes.map(({ reason, ...node }) => ({
      ...node,
      state: 'idle',
      inFlight: 0,
      inPerSecond: undefined,
      outPerSecond: undefined,
    })),
  };
}

/** One sentence about everything. */
export function summary({ topologies }: Platform): string {
  if (topologies.length === 0) return 'Nothing runs yet';
  const bad = topologies.filter(({ tone }) => tone === 'bad').map(({ name }) => name);
  if (bad.length > 0) return `${bad.join(', ')} ${bad.length === 1 ? 'needs' : 'need'} a look`;
  const waiting = topologies.filter(({ tone }) => tone === 'wait').map(({ name }) => name);
  if (waiting.length > 0) return `${waiting.join(', ')} ${waiting.length === 1 ? 'is' : 'are'} on the way`;
  return topologies.length === 1 ? 'The one topology is well' : `All ${topologies.length} topologies are well`;
}
