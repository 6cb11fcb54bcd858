import type { Problems } from '../problem.ts';
import { isUnusable, type Missing, type ScalarTree, type TextPart, type Tree } from './tree.ts';
import type { Variables } from './variables.ts';

type Part = string | Reference;

interface Reference {
  readonly name: string;
  /** Text after `:-`, when it was given. */
  readonly fallback?: readonly Part[];
  /** Text after `:?`, when it was given. */
  readonly complaint?: string;
}

/** How deep defaults may hold variables with defaults. */
const maxDepth = 20;
const namePattern = /[A-Za-z_][A-Za-z0-9_]*/y;
const forms = ['', ':-default', ':?message'].map((form) => `$\{NAME${form}}`).join(', ');

/** A function that replaces the variables in the text of a tree; what aliases share stays shared. */
export function interpolation(variables: Variables, problems: Problems): (tree: Tree) => Tree {
  const done = new Map<Tree, Tree>();
  const scalar = (tree: ScalarTree): ScalarTree => {
    if (typeof tree.value !== 'string' || isUnusable(tree) || !tree.value.includes('${')) return tree;
    const parts = parse(tree.value, 0);
    if ('problem' in parts) {
      problems.add(tree.at, parts.problem, { hint: `write ${forms}, or $$\{ for a literal $\{` });
      return { ...tree, value: '', broken: true };
    }
    const { text, used, pieces, missing } = fill(parts.parts, variables);
    const origin = used.length > 0 ? { variables: used, parts: pieces } : {};
    return { ...tree, value: text, ...origin, ...(missing ? { missing } : {}) };
  };
  const replaced = (tree: Tree): Tree => {
    if (tree.kind === 'scalar') return scalar(tree);
    if (tree.kind === 'list') return { ...tree, items: tree.items.map(visit) };
    const entries = [...tree.entries].map(([name, entry]) => [name, { ...entry, value: visit(entry.value) }] as const);
    return { ...tree, entries: new Map(entries) };
  };
  const visit = (tree: Tree): Tree => {
    const result = done.get(tree) ?? replaced(tree);
    done.set(tree, result);
    return result;
  };
  return visit;
}

interface Filled {
  readonly text: string;
  readonly used: readonly string[];
  readonly missing?: Missing;
}

function fill(parts: readonly Part[], variables: Variables): Filled & { readonly pieces: readonly TextPart[] } {
  let text = '';
  let missing: Missing | undefined;
  const used: string[] = [];
  const pieces: TextPart[] = [];
  for (const part of parts) {
    const filled: Filled = typeof part === 'string' ? { text: part, used: [] } : fillReference(part, variables);
    text += filled.text;
    used.push(...filled.used);
    pieces.push({ text: filled.text, variables: filled.used });
    missing ??= filled.missing;
  }
  return { text, used: [...new Set(used)], pieces, ...(missing ? { missing } : {}) };
}

function fillReference(reference: Reference, variables: Variables): Filled {
  const { name, fallback, complaint } = reference;
  const used = [name];
  const found = variables.get(name);
  if (found && 'problem' in found)
    return { text: '', used, missing: { variable: name, text: found.problem, hint: found.hint } };
  const text = found?.text;
  if (text !== undefined && (text !== '' || (fallback === undefined && complaint === undefined))) return { text, used };
  if (fallback !== undefined) {
    const filled = fill(fallback, variables);
    return { ...filled, used: [...used, ...filled.used] };
  }
  const state = text === '' ? 'is empty' : 'is not set';
  const reason = complaint ? `${name} ${state}: ${complaint}` : `${name} ${state}`;
  return { text: '', used, missing: { variable: name, text: reason } };
}

type Parsed = { readonly parts: readonly Part[] } | { readonly problem: string };

/** Literal text and references, in order. Linear except for nested defaults, whose depth is limited. */
function parse(text: string, depth: number): Parsed {
  if (depth > maxDepth) return { problem: `variables within defaults more than ${maxDepth} levels deep` };
  const parts: Part[] = [];
  let literal = '';
  let at = 0;
  for (let next = text.indexOf('${'); next !== -1; next = text.indexOf('${', at)) {
    if (next > at && text[next - 1] === '$') {
      literal += `${text.slice(at, next - 1)}$\{`;
      at = next + 2;
      continue;
    }
    const end = closing(text, next + 2);
    if (end === -1) return { problem: `$\{ without its }` };
    const reference = parseReference(text.slice(next + 2, end), depth);
    if ('problem' in reference) return reference;
    parts.push(literal + text.slice(at, next), reference);
    literal = '';
    at = end + 1;
  }
  parts.push(literal + text.slice(at));
  return { parts };
}

function parseReference(inner: string, depth: number): Reference | { readonly problem: string } {
  namePattern.lastIndex = 0;
  const name = namePattern.exec(inner)?.[0];
  if (name === undefined) return { problem: `$\{${inner.slice(0, 40)}} names no variable` };
  const rest = inner.slice(name.length);
  if (rest === '') return { name };
  if (rest.startsWith(':?')) return { name, complaint: rest.slice(2) };
  if (!rest.startsWith(':-')) return { problem: `$\{${inner.slice(0, 40)}} is not understood` };
  const fallback = parse(rest.slice(2), depth + 1);
  return 'problem' in fallback ? fallback : { name, fallback: fallback.parts };
}

/** The offset of the brace that closes the one opened before `from`; nested braces are counted. */
function closing(text: string, from: number): number {
  let open = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') open++;
    else if (text[at] === '}' && --open === 0) return at;
  }
  return -1;
}
