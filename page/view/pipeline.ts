import type { Platform } from '../model/platform.ts';
import { byId, setText, withCode } from './dom.ts';
import { arrowHeads } from './graph.ts';
import { TopologyCard } from './topology-card.ts';

/** All topologies, one card each. */
export class PipelineView {
  readonly #cards = new Map<string, TopologyCard>();
  readonly #list = byId('topologies');
  readonly #empty = byId('pipeline-empty');
  readonly #notice = byId('notice');
  readonly #open: (topology: string, node: string | undefined) => void;

  /** `open` is called with the node that the user selects; undefined is the whole topology. */
  constructor(open: (topology: string, node: string | undefined) => void) {
    this.#open = open;
    this.#list.before(arrowHeads());
  }

  show({ topologies, error }: Platform): void {
    this.#notice.hidden = error === undefined;
    setText(this.#notice, error ?? '');
    this.#empty.hidden = topologies.length > 0;
    if (topologies.length === 0)
      withCode(this.#empty, 'No process reports its state: start one with `fdp`, with a status table in its pipeline.');
    for (const [index, view] of topologies.entries()) {
      const card = this.#cards.get(view.name) ?? new TopologyCard(view, (node) => this.#open(view.name, node));
      this.#cards.set(view.name, card);
      if (this.#list.children[index] !== card.root)
        this.#list.insertBefore(card.root, this.#list.children[index] ?? null);
      card.show(view);
    }
    for (const [name, { root }] of this.#cards) {
      if (topologies.some((topology) => topology.name === name)) continue;
      root.remove();
      this.#cards.delete(name);
    }
  }
}
