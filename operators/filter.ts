import { FdpError } from '../src/errors.ts';
import { defineOperator } from '../src/kit/declaration.ts';
import { filter as filterMessages } from '../src/kit/operator.ts';
import { fieldsOf } from '../src/kit/row.ts';
import { checkCondition } from './support/condition.ts';
import { compileExpression } from './support/expression.ts';
import { show } from './support/expression-functions.ts';

/** `filter`: drops messages for which the expression is false. */
export const filter = defineOperator({
  type: 'filter',
  summary: 'Drops messages for which an expression is false.',
  stateless: true,
  options: {
    type: 'string',
    format: 'expression',
    minLength: 1,
    description:
      'CEL over the fields of the message. A message is rejected if the expression fails or gives no boolean.',
    examples: ['volume > 0.0'],
  },
  example: `filter: 'volume > 0.0'`,
  shape: checkCondition,
  create(source, context) {
    const expression = compileExpression(source, context.functions);
    return filterMessages(context, (message) => {
      const result = expression.evaluate(fieldsOf(message));
      if (typeof result === 'boolean') return result;
      throw new FdpError('FDP_MESSAGE_INVALID', `"${expression.label}": expected true or false, got ${show(result)}`);
    });
  },
});
