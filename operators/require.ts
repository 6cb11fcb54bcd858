import { errorText, FdpError } from '../src/errors.ts';
import { defineOperator } from '../src/kit/declaration.ts';
import { perMessage } from '../src/kit/operator.ts';
import { type Fields, fieldsOf } from '../src/kit/row.ts';
import { checkCondition } from './support/condition.ts';
import { compileExpression, type Expression } from './support/expression.ts';
import { show } from './support/expression-functions.ts';

/** `require`: rejects messages for which the expression is false, with the failed part and its values. */
export const require = defineOperator({
  type: 'require',
  summary: 'Rejects every message for which an expression is not true.',
  stateless: true,
  options: {
    type: 'string',
    format: 'expression',
    minLength: 1,
    description: 'CEL over the fields of the message. A message is rejected unless the expression is true.',
    examples: ['price > 0.0 && symbol.matches("^[A-Z]+$")'],
  },
  example: `require: 'price > 0.0 && volume >= 0.0'`,
  shape: checkCondition,
  create(source, context) {
    const expression = compileExpression(source, context.functions);
    const parts = expression.conjuncts.map((part) => compileExpression(part, context.functions));
    return perMessage(context, (message) => {
      const fields = fieldsOf(message);
      if (isTrue(expression, fields)) return message;
      throw failure(parts, fields);
    });
  },
});

function isTrue(expression: Expression, fields: Fields): boolean {
  try {
    return expression.evaluate(fields) === true;
  } catch {
    return false;
  }
}

/** Names the first part that is false, or can't be evaluated. */
function failure(parts: readonly Expression[], fields: Fields): FdpError {
  const failed = parts.find((part) => !isTrue(part, fields));
  const rule = failed?.label;
  try {
    failed?.evaluate(fields);
  } catch (cause) {
    return new FdpError('FDP_MESSAGE_INVALID', errorText(cause), { rule, cause });
  }
  const values = failed?.names.map((name) => `${name} = ${show(fields[name])}`).join(', ');
  const got = values ? ` (${values})` : '';
  return new FdpError('FDP_MESSAGE_INVALID', `not true: ${rule}${got}`, { rule });
}
