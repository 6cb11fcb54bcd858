import type { ASTNode } from '@marcbachmann/cel-js';
import type { Fields } from '../../src/kit/row.ts';
import { whole } from './expression-functions.ts';

/** True only where there is no doubt that the condition is. */
type Sight = (fields: Fields) => boolean;

const numeric: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '==': (a, b) => a === b,
};

/**
 * Recognises without the interpreter that a condition is true, as conditions are for nearly every message:
 * comparisons of a field with a literal or with another field, to which a literal may be added; patterns; `whole(x)`;
 * and those joined by `&&`. In all other cases the interpreter decides between true, false and an error. Undefined for
 * a condition of any other form.
 */
export function plainlyTrue(ast: ASTNode, isField: (name: string) => boolean): Sight | undefined {
  if (ast.op === '&&') {
    const [left, right] = ast.args.map((part) => plainlyTrue(part, isField));
    return left && right && ((fields) => left(fields) && right(fields));
  }
  if (ast.op === 'rcall') {
    const [method, receiver, [pattern, ...more]] = ast.args;
    const text = pattern && literal(pattern);
    if (method !== 'matches' || receiver.op !== 'id' || !isField(receiver.args)) return undefined;
    if (typeof text !== 'string' || more.length > 0) return undefined;
    return matching(receiver.args, new RegExp(text));
  }
  if (ast.op === 'call') {
    const [name, [only, ...more]] = ast.args;
    if (name !== 'whole' || only?.op !== 'id' || !isField(only.args) || more.length > 0) return undefined;
    const field = only.args;
    return ({ [field]: value }) => whole(value);
  }
  if (!(ast.op in numeric)) return undefined;
  const [left, right] = ast.args as [ASTNode, ASTNode];
  if (left.op !== 'id' || !isField(left.args)) return undefined;
  const value = literal(right);
  if (value !== undefined) return comparing(left.args, ast.op, value);
  const sum = sumOf(right, isField);
  return sum && comparingFields(left.args, ast.op, sum);
}

/** A field, and what is added to it. */
interface Sum {
  readonly field: string;
  readonly added: number;
}

function sumOf(node: ASTNode, isField: (name: string) => boolean): Sum | undefined {
  if (node.op === 'id') return isField(node.args) ? { field: node.args, added: 0 } : undefined;
  if (node.op !== '+' && node.op !== '-') return undefined;
  const [field, second] = node.args;
  const added = literal(second);
  if (field.op !== 'id' || !isField(field.args) || typeof added !== 'number') return undefined;
  return { field: field.args, added: node.op === '+' ? added : -added };
}

function comparingFields(name: string, operator: string, { field, added }: Sum): Sight | undefined {
  const holds = numeric[operator];
  return (
    holds &&
    (({ [name]: found, [field]: other }) =>
      typeof found === 'number' && typeof other === 'number' && holds(found, other + added))
  );
}

function matching(name: string, pattern: RegExp): Sight {
  return ({ [name]: value }) => typeof value === 'string' && pattern.test(value);
}

function comparing(name: string, operator: string, value: string | number): Sight | undefined {
  if (typeof value === 'string') return operator === '==' ? ({ [name]: found }) => found === value : undefined;
  const holds = numeric[operator];
  return holds && (({ [name]: found }) => typeof found === 'number' && holds(found, value));
}

function literal(node: ASTNode): string | number | undefined {
  if (node.op === '-_') {
    const positive = literal(node.args);
    return typeof positive === 'number' ? -positive : undefined;
  }
  if (node.op !== 'value') return undefined;
  const { args } = node;
  if (typeof args === 'bigint') return Number.isSafeInteger(Number(args)) ? Number(args) : undefined;
  return typeof args === 'string' || typeof args === 'number' ? args : undefined;
}
