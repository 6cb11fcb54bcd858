import { Latency } from '../../../src/kit/latency.ts';
import type { ProcessSnapshot, TopologySnapshot } from '../../../src/kit/snapshot.ts';

export function topologySnapshot(name: string, more: Partial<TopologySnapshot> = {}): TopologySnapshot {
  return {
    name,
    state: 'running',
    ready: true,
    read: 0,
    delivered: 0,
    filtered: 0,
    rejected: 0,
    released: 0,
    inFlight: 0,
    restarts: 0,
    latency: new Latency().snapshot(),
    nodes: [],
    ...more,
  };
}

/** @param at ms since the process started */
export function processSnapshot(at: number, topologies: readonly TopologySnapshot[]): ProcessSnapshot {
  const startedAt = Date.UTC(2025, 10, 20, 14, 30);
  const ready = topologies.every((topology) => topology.ready);
  return { at: startedAt + at, pid: 1, host: 'host', instance: 'host', version: '0.1.0', startedAt, ready, topologies };
}
