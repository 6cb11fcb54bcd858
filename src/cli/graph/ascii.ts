import { indented, wrap } from '../shared/text.ts';
import type { ConnectorUse, DrawnConnector, DrawnNode, DrawnTopology, GraphModel } from './model.ts';

/** The widest line. */
const width = 80;
const arrow = ' -> ';

/**
 * The model as plain text of at most 80 columns: a tree for each topology, connectors in brackets, with what it rejects and
 * looks up; then the connectors that several topologies use.
 */
export function graphAscii({ topologies, connectors }: GraphModel): string {
  const shared = connectors.flatMap(sharedLines);
  const pages = topologies.map(topologyLines);
  if (shared.length > 0) pages.push(['used by several', ...indented(shared)]);
  return `${pages.map((lines) => lines.map(fitted).join('\n')).join('\n\n')}\n`;
}

function topologyLines({ name, nodes, deadLetter, lookups }: DrawnTopology): readonly string[] {
  const [source] = nodes;
  const tree = source ? branchLines(source, nodes, { first: '', rest: '' }) : [];
  const notes = [
    ...(deadLetter === undefined ? [] : [`rejected messages: ${deadLetter}`]),
    ...(lookups.length === 0 ? [] : wrap(`looks up: ${lookups.join(', ')}`, width - 2)),
  ];
  return [name, ...indented([...tree, ...notes])];
}

/** What stands before the first line of a part of the tree, and before its others. */
interface Prefix {
  readonly first: string;
  readonly rest: string;
}

/** A chain on one line, as far as it fits, and below it the branches in which it ends. */
function branchLines(from: DrawnNode, nodes: readonly DrawnNode[], { first, rest }: Prefix): readonly string[] {
  const chain = [from];
  let next = followers(from, nodes);
  for (let [only] = next; only && next.length === 1 && only.kind !== 'route'; [only] = next) {
    chain.push(only);
    next = followers(only, nodes);
  }
  const lines = chainLines(chain.map(textOf), { first, rest });
  const below = next.flatMap((each, index) =>
    branchLines(each, nodes, { first: `${rest}+-> `, rest: `${rest}${index < next.length - 1 ? '|   ' : '    '}` }),
  );
  return [...lines, ...below];
}

function followers({ key }: DrawnNode, nodes: readonly DrawnNode[]): readonly DrawnNode[] {
  return nodes.filter(({ from }) => from === key);
}

/** Connectors stand in brackets. */
function textOf({ kind, text, operators }: DrawnNode): string {
  if (operators) return `${text}: ${operators.join(', ')}`;
  return kind === 'operator' ? text : `[${text}]`;
}

/** A chain that is too long for a line continues below, behind an arrow. */
function chainLines(names: readonly string[], { first, rest }: Prefix): readonly string[] {
  const lines: string[] = [];
  let line = first;
  for (const [index, name] of names.entries()) {
    const step = index === 0 ? name : arrow + name;
    if (index > 0 && line.length + step.length > width - 2) {
      lines.push(line);
      line = `${rest}   ${arrow}${name}`;
    } else line += step;
  }
  return [...lines, line];
}

const verbs: readonly (readonly [ConnectorUse, string])[] = [
  ['writes', 'written by'],
  ['reads', 'read by'],
  ['looks up', 'looked up by'],
  ['rejects', 'dead letter of'],
];

function sharedLines({ name, uses }: DrawnConnector): readonly string[] {
  const topologies = new Set([...uses.values()].flat());
  if (topologies.size < 2) return [];
  const parts = verbs.flatMap(([use, verb]) => {
    const users = uses.get(use);
    return users ? [`${verb} ${users.join(', ')}`] : [];
  });
  const [first = '', ...more] = wrap(`${name}: ${parts.join('; ')}`, width - 4);
  return [first, ...indented(more)];
}

function fitted(line: string): string {
  return line.length > width ? `${line.slice(0, width - 3)}...` : line;
}
