import type { NodeState, NodeStats } from '../kit/node-stats.ts';

interface Condition {
  readonly state: Extract<NodeState, 'retrying' | 'held'>;
  readonly reason: string;
}

/**
 * The health of one node, over all its lanes or writes: the node is `retrying` or `held` while one of them is, even if
 * the others work. Nothing is logged for a node that never was.
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

  /** Does nothing if `who` has begun nothing. */
  end(who: object): void {
    if (this.#open.delete(who)) this.#show();
  }

  #show(): void {
    // A failure that a person must fix stays, even if other problems end.
    if (this.#node.state === 'failed') return;
    const all = [...this.#open.values()];
    const worst = all.find(({ state }) => state === 'held') ?? all[0];
    if (worst) this.#node.is(worst.state, worst.reason);
    else this.#node.is('ok');
  }
}
