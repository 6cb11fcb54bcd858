import type { NodeState, NodeStats } from '../kit/node-stats.ts';

interface Condition {
  readonly state: Extract<NodeState, 'retrying' | 'held'>;
  readonly reason: string;
}

/**
 * What keeps the lanes or writes of one node from working: the node is red while one of them is in trouble, however well
 * the others do. Nothing is logged for a node that never was.
 */
export class NodeHealth {
  readonly #node: NodeStats;
  readonly #open = new Map<object, Condition>();

  constructor(node: NodeStats) {
    this.#node = node;
  }

  begin(who: object, state: Condition['state'], reason: string): void {
    this.#open.set(who, { state, reason });
    this.#show();
  }

  /** Does nothing when `who` is in no trouble. */
  end(who: object): void {
    if (this.#open.delete(who)) this.#show();
  }

  #show(): void {
    // What a person must cure is not made good by what has ended since.
    if (this.#node.state === 'failed') return;
    const all = [...this.#open.values()];
    const worst = all.find(({ state }) => state === 'held') ?? all[0];
    if (worst) this.#node.is(worst.state, worst.reason);
    else this.#node.is('ok');
  }
}
