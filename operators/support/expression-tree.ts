import { type ASTNode, parse } from '@marcbachmann/cel-js';

/** A mistake in an expression that can be seen without running it. */
export interface Problem {
  readonly text: string;
  readonly hint?: string;
}

export interface Reading {
  /** The fields of the message that the expression reads, each once, in order. */
  readonly names: readonly string[];
  readonly problems: readonly Problem[];
  /** Ranges of names that must be fields of the whole message: in `has(x)`, and `type`. */
  readonly qualified: readonly number[];
}

const arithmetic: readonly string[] = ['+', '-', '*', '/'];
const binders: readonly string[] = ['all', 'exists', 'exists_one', 'map', 'filter'];

/**
 * Reads the tree of an expression: names, and the mistakes that the library would only find in every single message.
 */
export function readTree(root: ASTNode): Reading {
  const names = new Set<string>();
  const problems: Problem[] = [];
  const qualified: number[] = [];
  const visit = (node: ASTNode, bound: readonly string[]): void => {
    if (node.op === 'id') {
      if (bound.includes(node.args) || node.args === 'cel') return;
      names.add(node.args);
      if (node.args === 'type') qualified.push(node.range.start);
      if (node.args in Object.prototype) problems.push({ text: `${node.args} can't be the name of a field here` });
      return;
    }
    const topLevel = topLevelHas(node);
    if (topLevel !== undefined && topLevel.args !== 'type' && !bound.includes(topLevel.args))
      qualified.push(topLevel.range.start);
    problems.push(...arithmeticProblems(node), ...patternProblems(node));
    const variable = boundVariable(node);
    const inner = variable === undefined ? bound : [...bound, variable];
    for (const child of children(node)) visit(child, inner);
  };
  visit(root, []);
  return { names: [...names], problems, qualified };
}

/** The parts of `a && b && c`, as they are written; parenthesised parts stay whole. */
export function conjuncts(source: string): readonly string[] {
  const { ast } = parse(source);
  if (ast.op !== '&&') return [source.trim()];
  const [left, right] = ast.args;
  const gap = source.slice(left.range.end, right.range.start);
  const splitAt = left.range.end + gap.lastIndexOf('&&');
  try {
    return [source.slice(0, splitAt), source.slice(splitAt + 2)].flatMap(conjuncts);
  } catch {
    // Only half of a parenthesised part can't be parsed by itself.
    return [source.trim()];
  }
}

function children(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

/** The `x` of `has(x)`; the library itself takes only `has(x.y)`. */
function topLevelHas(node: ASTNode): (ASTNode & { readonly op: 'id' }) | undefined {
  if (node.op !== 'call' || node.args[0] !== 'has') return undefined;
  const [argument] = node.args[1];
  return argument?.op === 'id' ? argument : undefined;
}

/** The name that a macro gives to an item: `v` in `list.all(v, v > 1.0)`. */
function boundVariable(node: ASTNode): string | undefined {
  if (node.op !== 'rcall') return undefined;
  const [method, receiver, [first]] = node.args;
  const binds = binders.includes(method) || (method === 'bind' && receiver.op === 'id' && receiver.args === 'cel');
  return binds && first?.op === 'id' ? first.args : undefined;
}

function arithmeticProblems(node: ASTNode): readonly Problem[] {
  if (node.op === '%') return [{ text: 'numbers are doubles, which have no %' }];
  if (!arithmetic.includes(node.op)) return [];
  return children(node).flatMap((side) => {
    const literal = side.op === '-_' ? side.args : side;
    if (literal.op !== 'value' || typeof literal.args !== 'bigint') return [];
    return [
      {
        text: `${literal.args} beside ${node.op} is an integer, and numbers are doubles`,
        hint: `write ${literal.args}.0`,
      },
    ];
  });
}

/** A pattern from a message could run for a very long time: patterns come from the pipeline only. */
function patternProblems(node: ASTNode): readonly Problem[] {
  if (node.op !== 'rcall' || node.args[0] !== 'matches') return [];
  const [pattern] = node.args[2];
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string')
    return [{ text: 'matches takes a pattern in quotes, not a computed one' }];
  try {
    new RegExp(pattern.args);
    return [];
  } catch {
    return [{ text: `not a regular expression: ${pattern.args}` }];
  }
}
