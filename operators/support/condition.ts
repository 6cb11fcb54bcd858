import type { Report, Shape } from '../../src/engine/declaration.ts';
import { checkExpression } from './expression.ts';

/** Checks an option that is one expression with a boolean result; the shape stays what it was. */
export function checkCondition(source: string, input: Shape, report: Report): Shape {
  const type = checkExpression(source, input, (text, hint) => report([], text, hint));
  if (type !== 'boolean' && type !== 'any') report([], `gives a ${type}, expected true or false`);
  return input;
}
