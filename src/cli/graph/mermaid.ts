import type { DrawnNode, DrawnTopology, GraphModel } from './model.ts';

/** Whether a connector keeps what it gets: a log or a table. */
export type IsStore = (connector: string) => boolean;

/**
 * The model as a flowchart for Mermaid: a box for each topology, connectors outside of the boxes, logs and tables as cylinders;
 * dotted lines for what is rejected and what is looked up.
 */
export function graphMermaid(model: GraphModel, isStore: IsStore): string {
  const ids = new Ids();
  const connectors = model.connectors.map(({ name }) => {
    const [open, close] = isStore(name) ? ['[(', ')]'] : ['([', '])'];
    return `  ${ids.connector(name)}${open}${quoted(name)}${close}`;
  });
  const boxes = model.topologies.flatMap((topology) => boxLines(topology, ids));
  const edges = model.topologies.flatMap((topology) => edgeLines(topology, ids));
  return `${['flowchart LR', ...connectors, ...boxes, ...edges].join('\n')}\n`;
}

function boxLines(topology: DrawnTopology, ids: Ids): readonly string[] {
  const steps = stepsOf(topology);
  if (steps.length === 0) return [];
  const lines = steps.map((node) => `    ${ids.node(topology, node)}[${quoted(stepText(node))}]`);
  return [`  subgraph ${ids.topology(topology)}[${quoted(topology.name)}]`, ...lines, '  end'];
}

function stepText({ text, operators }: DrawnNode): string {
  return operators ? `${text}<br/>${operators.join(', ')}` : text;
}

/** A topology without operators has no box: its name stands at its lines. */
function edgeLines(topology: DrawnTopology, ids: Ids): readonly string[] {
  const { nodes, deadLetter, lookups, name } = topology;
  const hasBox = stepsOf(topology).length > 0;
  const [source] = nodes;
  const whole = hasBox ? ids.topology(topology) : source ? ids.node(topology, source) : '';
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const flow = nodes.flatMap((node) => {
    const from = node.from === undefined ? undefined : byKey.get(node.from);
    const label = hasBox ? '' : `|${quoted(name)}|`;
    return from ? [`  ${ids.node(topology, from)} -->${label} ${ids.node(topology, node)}`] : [];
  });
  const rejected = deadLetter === undefined ? [] : [`  ${whole} -.->|rejected| ${ids.connector(deadLetter)}`];
  const lookedUp = lookups.map((lookup) => `  ${ids.connector(lookup)} -.-> ${whole}`);
  return [...flow, ...rejected, ...lookedUp];
}

function stepsOf({ nodes }: DrawnTopology): readonly DrawnNode[] {
  return nodes.filter(({ kind }) => kind === 'operator' || kind === 'route');
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '#quot;')}"`;
}

/** Names as Mermaid takes them: letters, digits and `_`, none of its own words, each once. */
class Ids {
  readonly #known = new Map<string, string>();
  readonly #taken = new Set<string>();

  connector(name: string): string {
    return this.#of(`c_${name}`, `connector ${name}`);
  }

  topology({ name }: DrawnTopology): string {
    return this.#of(`t_${name}`, `topology ${name}`);
  }

  node(topology: DrawnTopology, { kind, text, key }: DrawnNode): string {
    if (kind === 'source' || kind === 'sink') return this.connector(text);
    return this.#of(`s_${topology.name}_${key}`, `step ${topology.name} ${key}`);
  }

  #of(wanted: string, identity: string): string {
    const known = this.#known.get(identity);
    if (known !== undefined) return known;
    const plain = wanted.replace(/\W+/g, '_').replace(/_+$/, '');
    let id = plain;
    for (let nth = 2; this.#taken.has(id); nth++) id = `${plain}_${nth}`;
    this.#taken.add(id);
    this.#known.set(identity, id);
    return id;
  }
}
