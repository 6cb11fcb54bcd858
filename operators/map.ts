import { defineOperator } from '../src/kit/declaration.ts';
import { derive } from '../src/kit/message.ts';
import { perMessage } from '../src/kit/operator.ts';
import { fieldsOf } from '../src/kit/row.ts';
import { checkExpression, compileExpression } from './support/expression.ts';

/** `map`: a new value with only the named fields, each from an expression over the old one. */
export const map = defineOperator({
  type: 'map',
  summary: 'Builds a new value: one expression per field.',
  stateless: true,
  options: {
    type: 'object',
    minProperties: 1,
    additionalProperties: {
      type: 'string',
      format: 'expression',
      minLength: 1,
      description: 'CEL over the fields of the message. `iso(ms)` formats a time, `decimal(x)` a price.',
    },
    description: 'The fields of the new value, in order, each with its expression. All other fields are dropped.',
    examples: [{ time: 'iso(time)', symbol: 'symbol' }],
  },
  example: `map: { time: 'iso(time)', symbol: 'symbol', price: 'price' }`,
  shape(options, input, report, { functions }) {
    return Object.fromEntries(
      Object.entries(options).map(([name, source]) => {
        return [name, checkExpression(source, input, (text, hint) => report([name], text, hint), functions)];
      }),
    );
  },
  create(options, context) {
    const compiled = (source: string) => compileExpression(source, context.functions);
    const fields = Object.entries(options).map(([name, source]) => ({ name, expression: compiled(source) }));
    return perMessage(context, (message) => {
      const from = fieldsOf(message);
      const value: Record<string, unknown> = {};
      for (const { name, expression } of fields) value[name] = expression.evaluate(from);
      return derive(message, { value });
    });
  },
});
