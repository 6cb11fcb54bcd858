import { type ASTNode, parse } from '@marcbachmann/cel-js';
import type { FieldType, Report, Shape, SpecScope } from '../../src/kit/declaration.ts';
import { checkExpression } from './expression.ts';

/**
 * Checks an option that is one expression with a boolean result. The shape is what is known of the messages for which
 * it is true: after `price > 0.0` the price is a number, whatever it was before.
 */
export function checkCondition(
  source: string,
  input: Shape,
  report: Report,
  { functions }: Pick<SpecScope, 'functions'> = {},
): Shape {
  let isFine = true;
  const reportProblem = (text: string, hint?: string) => {
    isFine = false;
    report([], text, hint);
  };
  const type = checkExpression(source, input, reportProblem, functions);
  if (type !== 'boolean' && type !== 'any') reportProblem(`is a ${type}, expected true or false`);
  if (!isFine || input === undefined) return input;
  const known = { ...input, ...narrowed(parse(source).ast, input) };
  checkExpression(source, known, reportProblem, functions);
  return isFine ? known : input;
}

const textMethods: readonly string[] = ['matches', 'startsWith', 'endsWith', 'contains'];
const comparisons: readonly string[] = ['<', '<=', '>', '>=', '=='];

/** The types that the parts of `a && b && c` imply for undeclared fields. */
function narrowed(ast: ASTNode, input: Readonly<Record<string, FieldType>>): Readonly<Record<string, FieldType>> {
  if (ast.op === '&&') return { ...narrowed(ast.args[1], input), ...narrowed(ast.args[0], input) };
  if (ast.op === 'rcall') {
    const [method, receiver] = ast.args;
    return textMethods.includes(method) ? typed(receiver, 'string', input) : {};
  }
  if (!comparisons.includes(ast.op)) return {};
  const [left, right] = ast.args as [ASTNode, ASTNode];
  if (right.op !== 'value') return {};
  if (typeof right.args === 'string') return typed(left, 'string', input);
  return ['number', 'bigint'].includes(typeof right.args) ? typed(left, 'number', input) : {};
}

function typed(node: ASTNode, type: FieldType, input: Readonly<Record<string, FieldType>>) {
  const isOpen = node.op === 'id' && Object.hasOwn(input, node.args) && input[node.args] === 'any';
  return isOpen ? { [node.args]: type } : {};
}
