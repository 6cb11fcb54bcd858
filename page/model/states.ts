import type { NodeSnapshot, TopologySnapshot } from '../../src/kit/snapshot.ts';

/** `gone` is a topology that is no longer reported; `unknown` one whose state can't be determined now. */
export type TopologyStateWord = TopologySnapshot['state'] | 'gone' | 'unknown';
export type NodeStateWord = NodeSnapshot['state'];

/** How a state is shown: `good` works, `wait` will recover by itself, `bad` needs attention, `off` is idle. */
export type Tone = 'good' | 'wait' | 'bad' | 'off';

const topologyOrder: readonly TopologyStateWord[] = [
  'failed',
  'held',
  'starting',
  'draining',
  'stopped',
  'running',
  'standby',
  'gone',
  'unknown',
];
const nodeOrder: readonly NodeStateWord[] = ['failed', 'held', 'retrying', 'connecting', 'ok', 'standby', 'idle'];

/** A symbol for each tone, so that colour is not the only sign. */
export const signs: Readonly<Record<Tone, string>> = { good: '●', wait: '◐', bad: '▲', off: '○' };

/** The state with the highest priority; a working process comes before its standbys. */
export function worstTopology(states: readonly TopologyStateWord[]): TopologyStateWord {
  return topologyOrder.find((state) => states.includes(state)) ?? 'gone';
}

/** As `worstTopology`. */
export function worstNode(states: readonly NodeStateWord[]): NodeStateWord {
  return nodeOrder.find((state) => states.includes(state)) ?? 'idle';
}

/** A dependency is unavailable, or a person must act; the first attempt to connect does not count. */
export function isSick({ state, reason }: Pick<NodeSnapshot, 'state' | 'reason'>): boolean {
  return (
    state === 'retrying' || state === 'held' || state === 'failed' || (state === 'connecting' && reason !== undefined)
  );
}

/** How a node is shown. */
export function nodeTone(node: Pick<NodeSnapshot, 'state' | 'reason'>): Tone {
  if (isSick(node)) return 'bad';
  if (node.state === 'connecting') return 'wait';
  return node.state === 'ok' ? 'good' : 'off';
}

/** How a topology is shown, by its worst state and the reports of all its processes. */
export function toneOf(state: TopologyStateWord, snapshots: readonly Pick<TopologySnapshot, 'nodes'>[]): Tone {
  if (state === 'failed' || state === 'held' || state === 'gone') return 'bad';
  if (snapshots.some(({ nodes }) => nodes.some(isSick))) return 'bad';
  if (state === 'starting' || state === 'draining') return 'wait';
  return state === 'running' ? 'good' : 'off';
}
