import type { StatusEvent } from './contract.ts';
import { type History, remember } from './rates.ts';
import { type TopologyView, topologiesOf } from './topologies.ts';

/** The state of the platform after the last `status` event. */
export interface Platform {
  /** The server's clock at that event, Unix ms; 0 before the first one. */
  readonly at: number;
  readonly pipeline: string;
  readonly processes: number;
  readonly topologies: readonly TopologyView[];
  /** Why figures are missing. */
  readonly error?: string;
  /** False while there is no connection: the state is outdated. */
  readonly isHeard: boolean;
  readonly history: History;
}

export const noPlatform: Platform = {
  at: 0,
  pipeline: '',
  processes: 0,
  topologies: [],
  isHeard: true,
  history: new Map(),
};

/** Maximum number of topologies shown after their last process has gone. */
const maxGone = 20;

/** The platform after an event. A topology that no process reports any more is shown as gone. */
export function withStatus(before: Platform, event: StatusEvent): Platform {
  const { at, processes, error } = event;
  const history = remember(before.history, processes);
  const reported = topologiesOf(processes, history, at);
  const missing = before.topologies.filter(({ name }) => !reported.some((topology) => topology.name === name));
  // While the status table is unavailable, it is unknown whether they have gone.
  const kept = missing.map(error === undefined ? gone : unseen);
  return {
    at,
    pipeline: processes[0]?.pipeline ?? before.pipeline,
    processes: processes.length,
    topologies: inOrder(before.topologies, [...reported, ...kept.slice(-maxGone)]),
    ...(error === undefined ? {} : { error }),
    isHeard: true,
    history,
  };
}

/** The platform with all states unknown, for when the connection is lost. */
export function unheard(platform: Platform): Platform {
  return { ...platform, isHeard: false, topologies: platform.topologies.map(unseen) };
}

/** Keeps topologies in the order in which they were first shown. */
function inOrder(before: readonly TopologyView[], now: readonly TopologyView[]): readonly TopologyView[] {
  const order = new Map(before.map(({ name }, index) => [name, index]));
  return [...now].sort((a, b) => (order.get(a.name) ?? before.length) - (order.get(b.name) ?? before.length));
}

function gone(topology: TopologyView): TopologyView {
  const reason = `no process runs it: start it with "fdp --topology ${topology.name}"`;
  return { ...atRest(topology), state: 'gone', tone: 'bad', reasons: [reason] };
}

/** Its current state is unknown. */
function unseen(topology: TopologyView): TopologyView {
  return { ...atRest(topology), state: 'unknown', tone: 'off', reasons: [] };
}

function atRest(topology: TopologyView): TopologyView {
  const { lag, p50Ms, p99Ms, ...rest } = topology;
  return {
    ...rest,
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

/** The overall state in one sentence. */
export function summary({ topologies, isHeard }: Platform): string {
  if (!isHeard) return 'Disconnected: the state of the platform is unknown';
  if (topologies.length === 0) return 'Nothing runs yet';
  const bad = topologies.filter(({ tone }) => tone === 'bad');
  const [first] = bad;
  // If there are several, each card shows its own reason.
  const reason = bad.length === 1 && first?.state !== 'gone' ? first?.reasons[0] : undefined;
  if (bad.length > 0)
    return `${names(bad)} ${bad.length === 1 ? 'needs' : 'need'} attention${reason === undefined ? '' : `: ${reason}`}`;
  const unknown = topologies.filter(({ state }) => state === 'unknown');
  if (unknown.length > 0) return `The state of ${names(unknown)} is unknown`;
  const waiting = topologies.filter(({ tone }) => tone === 'wait');
  if (waiting.length > 0) return `${names(waiting)} ${waiting.length === 1 ? 'is' : 'are'} starting or reconnecting`;
  return topologies.length === 1 ? 'The topology is healthy' : `All ${topologies.length} topologies are healthy`;
}

function names(topologies: readonly TopologyView[]): string {
  return topologies.map(({ name }) => name).join(', ');
}

/** The overall state, for the headline and the tab: `bad` needs attention, `wait` is unknown or changing. */
export function overallTone({ topologies, isHeard }: Platform): 'bad' | 'wait' | 'good' {
  if (!isHeard || topologies.some(({ tone }) => tone === 'bad')) return 'bad';
  const isSure = topologies.length > 0 && topologies.every(({ tone, state }) => tone !== 'wait' && state !== 'unknown');
  return isSure ? 'good' : 'wait';
}

/** The number of trades in the feed's VWAP; undefined if the platform has several windows or none. */
export function vwapWindow({ topologies }: Platform): number | undefined {
  const windows = new Set(
    topologies
      .flatMap(({ nodes }) => nodes)
      .filter(({ type }) => type === 'vwap')
      .map(({ options }) => (options as { readonly window?: unknown } | undefined)?.window),
  );
  const [window] = windows;
  return windows.size === 1 && Number.isInteger(window) ? Number(window) : undefined;
}

/** The calendar of the bars; undefined unless the platform has exactly one, and it is a shipped one. */
export function barCalendar({ topologies }: Platform): string | undefined {
  const names = new Set(
    topologies
      .flatMap(({ nodes }) => nodes)
      .filter(({ type }) => type === 'candles')
      .map(({ options }) => (options as { readonly calendar?: unknown } | undefined)?.calendar),
  );
  const [name] = names;
  return names.size === 1 && typeof name === 'string' && /^\w+$/.test(name) ? name : undefined;
}

/** Why no prices arrive, as reported by the topology that sends them to this page. */
export function feedProblem({ topologies }: Platform): string | undefined {
  const feed = topologies.find(({ nodes }) => nodes.some(({ kind, type }) => kind === 'sink' && type === 'rest'));
  return feed?.tone === 'bad' ? feed.reasons[0] : undefined;
}
