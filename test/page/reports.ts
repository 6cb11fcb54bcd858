import type { NodeSnapshot, StatusReport, TopologySnapshot } from '../../src/kit/snapshot.ts';

/** A healthy node that has processed nothing, with changes. */
export function nodeOf(name: string, given: Partial<NodeSnapshot> = {}): NodeSnapshot {
  return {
    ...{ name, kind: 'operator', type: name, state: 'ok', in: 0, made: 0, out: 0, filtered: 0, rejected: 0 },
    ...{ released: 0, inFlight: 0, retries: 0, extra: {}, gauges: [] },
    ...given,
  };
}

/** A running topology that has processed nothing, with changes. */
export function topologyOf(name: string, given: Partial<TopologySnapshot> = {}): TopologySnapshot {
  return {
    ...{ name, state: 'running', ready: true, read: 0, delivered: 0, filtered: 0, rejected: 0, released: 0 },
    ...{ inFlight: 0, restarts: 0, latency: { counts: [], count: 0, sumMs: 0 }, nodes: [] },
    ...given,
  };
}

interface Given {
  readonly at?: number;
  readonly pid?: number;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** The report of a process with these topologies. */
export function reportOf(
  topologies: readonly TopologySnapshot[],
  { at = 0, pid = 1, options = {} }: Given = {},
): StatusReport {
  return {
    pipeline: 'shipped',
    process: { at, pid, host: 'here', instance: 'here', version: '0.1.0', startedAt: 0, ready: true, topologies },
    topologies: Object.fromEntries(topologies.map(({ name }) => [name, { description: `${name} at work`, options }])),
  };
}
