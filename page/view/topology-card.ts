import { compact, grouped, milliseconds, perSecond, plural, unknown } from '../model/format.ts';
import { signs } from '../model/states.ts';
import type { TopologyView } from '../model/topologies.ts';
import { html, setAttribute, setText } from './dom.ts';
import { type Figure, showFigures } from './figures.ts';
import { Graph } from './graph.ts';

/** One topology: state, figures and graph. */
export class TopologyCard {
  readonly root: HTMLElement;
  readonly #state = html('span', { class: 'pill' });
  readonly #reasons = html('div', { class: 'reasons', role: 'status' });
  readonly #figures = html('dl', { class: 'figures' });
  readonly #frame = html('div', { class: 'graph-frame' });
  readonly #graph: Graph;
  #view: TopologyView | undefined;

  /** `open` is called with the node that the user selects; undefined is the whole topology. */
  constructor({ name, description }: TopologyView, open: (node: string | undefined) => void) {
    this.#graph = new Graph(name, open);
    this.#frame.append(this.#graph.root);
    const id = `topology-${name}`;
    const more = html('button', { type: 'button', class: 'quiet', 'aria-label': `Details of ${name}` }, 'Details');
    more.addEventListener('click', () => open(undefined));
    const head = html(
      'div',
      { class: 'topology-head' },
      html('h3', { id }, name),
      this.#state,
      html('p', { class: 'muted' }, description),
      more,
    );
    this.root = html(
      'article',
      { class: 'card topology', 'aria-labelledby': id },
      head,
      this.#reasons,
      this.#figures,
      this.#frame,
    );
    new ResizeObserver(() => this.#draw()).observe(this.#frame);
  }

  show(view: TopologyView): void {
    this.#view = view;
    setAttribute(this.root, 'data-tone', view.tone);
    setAttribute(this.#state, 'data-tone', view.tone);
    setText(this.#state, `${signs[view.tone]} ${stateText(view)}`);
    const reasons = view.reasons.join('\n');
    if (this.#reasons.dataset['text'] !== reasons) {
      this.#reasons.dataset['text'] = reasons;
      this.#reasons.replaceChildren(...view.reasons.map((reason) => html('p', {}, reason)));
    }
    showFigures(this.#figures, figuresOf(view));
    this.#draw();
  }

  #draw(): void {
    const width = Math.floor(this.#frame.clientWidth);
    if (this.#view && width > 0) this.#graph.show(this.#view, width);
  }
}

/** `running, 3 processes`; `failed in 1 of 3 processes`. */
function stateText({ state, instances }: TopologyView): string {
  if (instances.length < 2) return state;
  const same = instances.filter(({ snapshot }) => snapshot.state === state).length;
  return same === instances.length
    ? `${state}, ${plural(instances.length, 'process', 'processes')}`
    : `${state} in ${same} of ${instances.length} processes`;
}

function figuresOf(view: TopologyView): readonly Figure[] {
  const errors: Figure[] = [
    ['rejected', grouped(view.rejected), view.rejected > 0 ? 'bad' : undefined],
    ['restarts', grouped(view.restarts), view.restarts > 0 ? 'bad' : undefined],
  ];
  return [
    ['read', perSecond(view.readPerSecond)],
    ['in all', compact(view.read)],
    ['in flight', compact(view.inFlight)],
    ...(view.lag === undefined ? [] : [['lag', compact(view.lag)] as const]),
    ['latency', view.p50Ms === undefined ? unknown : `${milliseconds(view.p50Ms)}, p99 ${milliseconds(view.p99Ms)}`],
    ...errors,
  ];
}
