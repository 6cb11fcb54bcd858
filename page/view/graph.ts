import { compact, perSecond, spoken } from '../model/format.ts';
import { shortName } from '../model/graph.ts';
import { type Layout, layout, type PlacedEdge } from '../model/layout.ts';
import { nodeTone, signs } from '../model/states.ts';
import type { NodeView, TopologyView } from '../model/topologies.ts';
import { setAttribute, setText, svg } from './dom.ts';

interface NodeParts {
  readonly root: SVGGElement;
  readonly sign: SVGTextElement;
  readonly note: SVGTextElement;
}

/** The drawing of one topology. Its elements are reused while its layout is the same, so that the focus is kept. */
export class Graph {
  readonly root = svg('svg', { class: 'graph', role: 'group' });
  readonly #nodes = new Map<string, NodeParts>();
  readonly #labels = new Map<string, SVGTextElement>();
  readonly #arrows = new Map<string, SVGPathElement>();
  readonly #open: (node: string) => void;
  #form = '';

  /** `open` is called with the node that the user selects. */
  constructor(name: string, open: (node: string) => void) {
    this.root.setAttribute('aria-label', `Graph of ${name}`);
    this.#open = open;
  }

  show(topology: TopologyView, width: number): void {
    const { nodes } = topology;
    const form = `${width}|${nodes.map((node) => `${node.name}<${node.from}${node.rejected > 0 ? '!' : ''}`).join('|')}`;
    if (form !== this.#form) {
      this.#form = form;
      this.#draw(nodes, layout(nodes, width));
    }
    for (const node of nodes) this.#showNode(node, topology);
  }

  #draw(nodes: readonly NodeView[], drawn: Layout): void {
    const focused = document.activeElement?.getAttribute('data-node');
    const hadFocus = this.root.contains(document.activeElement);
    for (const map of [this.#nodes, this.#labels, this.#arrows]) map.clear();
    for (const [name, value] of Object.entries({ width: drawn.width, height: drawn.height }))
      setAttribute(this.root, name, value);
    setAttribute(this.root, 'viewBox', `0 0 ${drawn.width} ${drawn.height}`);
    const byName = new Map(nodes.map((node) => [node.name, node]));
    this.root.replaceChildren(
      ...drawn.edges.flatMap((edge) => this.#drawEdge(edge)),
      ...drawn.nodes.flatMap(({ name, x, y }) => {
        const node = byName.get(name);
        return node ? [this.#drawNode(node, { x, y, ...drawn })] : [];
      }),
    );
    this.root.prepend(...drawn.labels.map(({ text, x, y }) => svg('text', { x, y, class: 'route' }, text)));
    for (const [index, label] of drawn.labels.entries()) shorten(this.root.children[index], label.width);
    for (const { root } of this.#nodes.values())
      for (const text of root.querySelectorAll('.title, .type')) shorten(text, drawn.nodeWidth - 20);
    if (hadFocus && focused) this.#nodes.get(focused)?.root.focus();
  }

  #drawEdge({ from, to, kind, path, labelX, labelY }: PlacedEdge): readonly SVGElement[] {
    const arrow = svg('path', { d: path, class: `edge ${kind}`, 'marker-end': `url(#arrow-${kind})` });
    const label = svg('text', { x: labelX, y: labelY, class: `rate ${kind}`, 'text-anchor': 'middle' });
    const key = kind === 'flow' ? to : `${from} ${to}`;
    this.#arrows.set(key, arrow);
    this.#labels.set(key, label);
    return [arrow, label];
  }

  #drawNode(node: NodeView, box: { x: number; y: number; nodeWidth: number; nodeHeight: number }): SVGGElement {
    const { x, y, nodeWidth: width, nodeHeight: height } = box;
    const name = shortName(node);
    const sign = svg('text', { x: width - 10, y: 52, class: 'sign', 'text-anchor': 'end', 'aria-hidden': 'true' });
    const note = svg('text', { x: 11, y: 52, class: 'note' });
    const root = svg(
      'g',
      {
        class: 'node',
        role: 'button',
        tabindex: 0,
        transform: `translate(${x} ${y})`,
        'data-node': node.name,
        'data-kind': node.kind,
      },
      svg('rect', { width, height, rx: node.kind === 'operator' ? 7 : node.kind === 'dead_letter' ? 2 : 18 }),
      svg('text', { x: 11, y: 21, class: 'title' }, name),
      svg('text', { x: 11, y: 37, class: 'type' }, `${spoken(node.kind)}${node.type === name ? '' : `, ${node.type}`}`),
      note,
      sign,
    );
    root.addEventListener('click', () => this.#open(node.name));
    root.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      this.#open(node.name);
    });
    this.#nodes.set(node.name, { root, sign, note });
    return root;
  }

  #showNode(node: NodeView, topology: TopologyView): void {
    const parts = this.#nodes.get(node.name);
    if (!parts) return;
    const tone = nodeTone(node);
    const note = noteOf(node, topology);
    setAttribute(parts.root, 'data-tone', tone);
    setText(parts.sign, signs[tone]);
    setText(parts.note, note);
    setAttribute(parts.note, 'data-tone', node.rejected > 0 && node.kind !== 'dead_letter' ? 'bad' : undefined);
    setAttribute(parts.root, 'aria-description', `${node.name}, ${node.state}`);
    this.#showRate(node.name, node.inPerSecond);
    for (const other of topology.nodes) {
      const rejected = this.#labels.get(`${node.name} ${other.name}`);
      if (rejected && other.kind === 'dead_letter') setText(rejected, node.rejected > 0 ? compact(node.rejected) : '');
    }
  }

  #showRate(to: string, rate: number | undefined): void {
    const [label, arrow] = [this.#labels.get(to), this.#arrows.get(to)];
    if (!label || !arrow) return;
    setText(label, rate === undefined ? '' : perSecond(rate));
    setAttribute(arrow, 'stroke-width', (1 + Math.min(4, Math.log10(1 + (rate ?? 0)))).toFixed(1));
    setAttribute(arrow, 'data-idle', !rate);
  }
}

/** The most important figure or state of a node. */
function noteOf(node: NodeView, topology: TopologyView): string {
  if (node.state !== 'ok' && node.state !== 'idle') return node.state;
  if (node.kind === 'dead_letter') return node.in > 0 ? `${compact(node.in)} letters` : 'no letters';
  if (node.rejected > 0) return `${compact(node.rejected)} rejected`;
  if (node.kind === 'source' && topology.lag !== undefined) return `lag ${compact(topology.lag)}`;
  if (node.kind === 'source') return perSecond(node.outPerSecond);
  if (node.inFlight > 0) return `${compact(node.inFlight)} in flight`;
  return node.kind === 'lookup' ? node.state : `${compact(node.out)} done`;
}

/** Truncates a text that is too wide; works only in a visible drawing. */
function shorten(element: Element | undefined, width: number): void {
  if (!(element instanceof SVGTextElement)) return;
  const text = element.textContent ?? '';
  const length = element.getComputedTextLength();
  if (length <= width) return;
  element.textContent = `${text.slice(0, Math.max(1, Math.floor((text.length * width) / length) - 1))}…`;
}

/** The arrow heads that all graphs of the page share. */
export function arrowHeads(): SVGSVGElement {
  const marker = (kind: string) =>
    svg(
      'marker',
      {
        id: `arrow-${kind}`,
        class: `head ${kind}`,
        viewBox: '0 0 8 8',
        refX: 7,
        refY: 4,
        markerWidth: 8,
        markerHeight: 8,
        markerUnits: 'userSpaceOnUse',
        orient: 'auto',
      },
      svg('path', { d: 'M0 0L8 4L0 8z' }),
    );
  return svg(
    'svg',
    { class: 'heads', width: 0, height: 0, 'aria-hidden': 'true' },
    svg('defs', {}, ...['flow', 'reject', 'lookup'].map(marker)),
  );
}
