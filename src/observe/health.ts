import type { ProcessSnapshot } from '../kit/snapshot.ts';

/** A response about the health of the process, as JSON. */
interface Health {
  /** 200 when it is healthy, otherwise 503. */
  readonly status: 200 | 503;
  readonly body: object;
}

/** Liveness: always 200, since its event loop has responded. */
export function liveness(snapshot: ProcessSnapshot): Health {
  return { status: 200, body: { status: 'live', ...processOf(snapshot) } };
}

/**
 * Whether nothing waits for a person. 503 once a topology, or a best-effort branch, has failed permanently:
 * only a restart of the process can help then. Transient failures, held lanes and a stop don't count.
 */
export function soundness(snapshot: ProcessSnapshot): Health {
  const failed = snapshot.topologies.flatMap((topology) =>
    [topology, ...topology.nodes]
      .filter(({ state }) => state === 'failed')
      .map(({ reason }) => ({ topology: topology.name, reason })),
  );
  const seen = failed.filter(
    (each, index) =>
      failed.findIndex(({ topology, reason }) => topology === each.topology && reason === each.reason) === index,
  );
  const status = seen.length === 0 ? 'sound' : 'failed';
  return { status: seen.length === 0 ? 200 : 503, body: { status, ...processOf(snapshot), failed: seen } };
}

/**
 * Readiness: every topology and node with its state, and why it is not well. 503 while one of them is
 * not ready, and from the beginning of a drain on; a standby is ready.
 */
export function readiness(snapshot: ProcessSnapshot): Health {
  const topologies = snapshot.topologies.map(({ name, state, ready, reason, nodes }) => ({
    ...{ name, state, ready, reason },
    nodes: nodes.map((node) => ({ name: node.name, kind: node.kind, type: node.type, ...stateOf(node) })),
  }));
  const isDraining = topologies.some(({ state }) => state === 'draining');
  const status = isDraining ? 'draining' : snapshot.ready ? 'ready' : 'not ready';
  return { status: status === 'ready' ? 200 : 503, body: { status, ...processOf(snapshot), topologies } };
}

function stateOf({ state, reason }: { readonly state: string; readonly reason?: string }): object {
  return { state, reason };
}

function processOf({ at, startedAt, version, instance, host, pid }: ProcessSnapshot): object {
  return { version, instance, host, pid, uptime_seconds: (at - startedAt) / 1000 };
}
