import type { NodeSnapshot, ProcessSnapshot } from '../../../src/kit/snapshot.ts';
import { marketOf, noon } from '../../support/cli/dashboard.ts';
import { processSnapshot, topologySnapshot } from '../../support/engine/snapshots.ts';

/** A node as a snapshot has it. */
export function node(name: string, kind: NodeSnapshot['kind'], more: Partial<NodeSnapshot> = {}): NodeSnapshot {
  return {
    ...{ name, kind, type: name, state: 'ok', in: 0, made: 0, out: 0, filtered: 0, rejected: 0, released: 0 },
    ...{ inFlight: 0, retries: 0, extra: {}, gauges: [] },
    ...more,
  };
}

/** The dashboard's own process, whose source is in this state. */
export function processWith(source: Partial<NodeSnapshot>): ProcessSnapshot {
  const nodes = [node('feed', 'source', source), node('screen', 'sink')];
  return { ...processSnapshot(0, [topologySnapshot('dashboard', { nodes })]), at: noon };
}

/** Three trades of AAPL and one of MSFT. */
export const market = marketOf(['AAPL', 100, 100], ['MSFT', 50, 50.5], ['AAPL', 101, 100], ['AAPL', 100.5, 100]);
