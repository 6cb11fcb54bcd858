import { hostname } from 'node:os';
import type { Clock } from '../kit/clock.ts';
import { instanceName } from '../kit/instance.ts';
import type { ProcessSnapshot, TopologySnapshot } from '../kit/snapshot.ts';

interface Observed {
  readonly clock: Clock;
  readonly version: string;
  /** Hides secrets in a text. */
  mask(text: string): string;
  topologies(): readonly TopologySnapshot[];
}

/**
 * The snapshot for all observers: each call gives the state of the whole process at that instant, without a secret in
 * any reason. The process counts as started now.
 */
export function processSnapshots({ clock, version, mask, topologies }: Observed): () => ProcessSnapshot {
  const shown = <T extends { readonly reason?: string }>(part: T): T =>
    part.reason === undefined ? part : { ...part, reason: mask(part.reason) };
  const whole = { pid: process.pid, host: hostname(), instance: instanceName(), version, startedAt: clock.now() };
  return () => {
    const all = topologies().map((topology) => shown({ ...topology, nodes: topology.nodes.map(shown) }));
    return { ...whole, at: clock.now(), ready: all.every(({ ready }) => ready), topologies: all };
  };
}
