import type { NodeSnapshot } from '../../kit/snapshot.ts';

/**
 * The graph of a topology as text: one line per path; after a fork, each further path begins with the node that it
 * starts from.
 */
export function graphLines(nodes: readonly NodeSnapshot[]): readonly string[] {
  const lines: string[] = [];
  const follow = (node: NodeSnapshot, line: string): void => {
    const [next, ...others] = nodes.filter(({ from }) => from === node.name);
    if (next) follow(next, `${line} → ${stepName(next, node)}`);
    else lines.push(line);
    for (const other of others) follow(other, `${node.name} → ${stepName(other, node)}`);
  };
  for (const node of nodes) if (node.kind === 'source') follow(node, node.name);
  const named = (kind: NodeSnapshot['kind']) => nodes.filter((node) => node.kind === kind).map(({ name }) => name);
  const [lookups, deadLetter] = [named('lookup'), named('dead_letter')];
  if (lookups.length > 0) lines.push(`looks up ${lookups.join(', ')}`);
  if (deadLetter.length > 0) lines.push(`rejected → ${deadLetter.join(', ')}`);
  return lines;
}

/** Operators of a branch or route carry its name; a line shows it once. */
function stepName(node: NodeSnapshot, before: NodeSnapshot): string {
  const prefix = prefixOf(node);
  return prefix !== '' && prefix === prefixOf(before) ? node.name.slice(prefix.length) : node.name;
}

function prefixOf({ name, type, kind }: NodeSnapshot): string {
  return kind === 'operator' ? name.slice(0, Math.max(0, name.lastIndexOf(type))) : '';
}
