import { compileExpression } from '../../../operators/support/expression.ts';
import { FdpError } from '../../../src/errors.ts';

/** The value of an expression for these fields. */
export const evaluate = (source: string, fields: Record<string, unknown> = {}) =>
  compileExpression(source).evaluate(fields);

/** The error that something throws. */
export function thrown(work: () => unknown): FdpError {
  try {
    work();
  } catch (error) {
    if (error instanceof FdpError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
