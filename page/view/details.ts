import { age, compact, grouped, milliseconds, perSecond, spoken } from '../model/format.ts';
import { optionLines } from '../model/options.ts';
import { nodeTone, signs } from '../model/states.ts';
import type { Instance, NodeView, TopologyView } from '../model/topologies.ts';
import { byId, html, setAttribute, setText } from './dom.ts';
import { type Figure, showFigures } from './figures.ts';

/** What the panel shows: a node, or a topology as a whole. */
interface Subject {
  readonly topology: string;
  readonly node: string | undefined;
}

/** The panel with all details of a node or topology. Escape closes it and restores the focus. */
export class Details {
  readonly #panel = byId('details');
  readonly #title = byId('details-title');
  readonly #body = byId('details-body');
  readonly #state = html('p', { class: 'pill' });
  readonly #reason = html('p', { class: 'reasons' });
  readonly #figures = html('dl', { class: 'figures list' });
  readonly #rest = html('div');
  #subject: Subject | undefined;
  #form = '';
  #opener: Element | null = null;

  constructor() {
    this.#body.append(this.#state, this.#reason, this.#figures, this.#rest);
    byId('details-close').addEventListener('click', () => this.close());
    addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.close();
    });
  }

  open(subject: Subject, topologies: readonly TopologyView[]): void {
    this.#opener = document.activeElement;
    this.#subject = subject;
    this.#form = '';
    this.#panel.hidden = false;
    this.show(topologies);
    this.#title.focus();
  }

  close(): void {
    if (this.#panel.hidden) return;
    this.#panel.hidden = true;
    this.#subject = undefined;
    if (this.#opener instanceof HTMLElement || this.#opener instanceof SVGElement) this.#opener.focus();
  }

  show(topologies: readonly TopologyView[]): void {
    const topology = topologies.find(({ name }) => name === this.#subject?.topology);
    const node = topology?.nodes.find(({ name }) => name === this.#subject?.node);
    if (node) this.#showNode(node);
    else if (topology && this.#subject?.node === undefined) this.#showTopology(topology);
  }

  #showNode(node: NodeView): void {
    const tone = nodeTone(node);
    setText(this.#title, node.name);
    this.#showState(`${signs[tone]} ${node.state}`, tone, node.reason);
    showFigures(this.#figures, nodeFigures(node));
    const lines = optionLines(node.options);
    this.#rebuild(JSON.stringify(lines), () => [
      html('h3', {}, 'Options'),
      html('p', { class: 'muted' }, `${spoken(node.kind)} of type ${node.type}`),
      lines.length === 0
        ? html('p', { class: 'muted' }, 'none')
        : html(
            'dl',
            { class: 'options' },
            ...lines.flatMap(([name, text]) => [html('dt', {}, name), html('dd', {}, text)]),
          ),
    ]);
  }

  #showTopology(topology: TopologyView): void {
    const { name, state, tone, reasons, instances } = topology;
    setText(this.#title, name);
    this.#showState(`${signs[tone]} ${state}`, tone, reasons.join('; ') || undefined);
    showFigures(this.#figures, topologyFigures(topology));
    this.#rebuild(`${instances.map(({ process }) => process.startedAt + process.pid).join(' ')}`, () => [
      html('p', {}, topology.description),
      html('h3', {}, 'Processes'),
      ...instances.map(() => html('dl', { class: 'figures list' })),
    ]);
    const lists = this.#rest.querySelectorAll('dl');
    for (const [index, instance] of instances.entries()) {
      const list = lists[index];
      if (list) showFigures(list, processFigures(instance));
    }
  }

  #showState(text: string, tone: string, reason: string | undefined): void {
    setText(this.#state, text);
    setAttribute(this.#state, 'data-tone', tone);
    this.#reason.hidden = reason === undefined;
    setText(this.#reason, reason ?? '');
  }

  #rebuild(form: string, make: () => readonly HTMLElement[]): void {
    if (form === this.#form) return;
    this.#form = form;
    this.#rest.replaceChildren(...make());
  }
}

function nodeFigures(node: NodeView): readonly Figure[] {
  const counts = (['in', 'made', 'out', 'filtered', 'rejected', 'released', 'retries'] as const).map(
    (name): Figure => [name, grouped(node[name])],
  );
  return [
    ['in per second', perSecond(node.inPerSecond)],
    ['out per second', perSecond(node.outPerSecond)],
    ['in flight', grouped(node.inFlight)],
    ...counts,
    ...Object.entries(node.extra).map(([name, value]): Figure => [spoken(name), grouped(value)]),
  ];
}

function topologyFigures(topology: TopologyView): readonly Figure[] {
  const counts = (['read', 'delivered', 'filtered', 'rejected', 'released', 'restarts'] as const).map(
    (name): Figure => [name, grouped(topology[name])],
  );
  return [
    ['read per second', perSecond(topology.readPerSecond)],
    ['in flight', grouped(topology.inFlight)],
    ...(topology.lag === undefined ? [] : [['lag', grouped(topology.lag)] as const]),
    ['latency p50', milliseconds(topology.p50Ms)],
    ['latency p99', milliseconds(topology.p99Ms)],
    ...counts,
  ];
}

function processFigures({ process, snapshot, readPerSecond, silentMs }: Instance): readonly Figure[] {
  return [
    ['process', `${process.host}, pid ${process.pid}`],
    ['state', snapshot.state],
    ['read', perSecond(readPerSecond)],
    ['in flight', compact(snapshot.inFlight)],
    ['running for', age(process.at - process.startedAt)],
    ['heard of', silentMs < 2000 ? 'now' : `${age(silentMs)} ago`],
    ['version', process.version],
  ];
}
