import { defineOperator } from '../src/kit/declaration.ts';
import { derive } from '../src/kit/message.ts';
import { perMessage } from '../src/kit/operator.ts';
import { type Fields, fieldsOf, type MergeOperation } from '../src/kit/row.ts';
import { numberField, textField } from './support/fields.ts';
import { checkField } from './support/names.ts';

/**
 * `metadata_upsert`: one merge operation for each message, which the branch's table folds into one row per key and
 * counts once, however often the message is read.
 */
export const metadataUpsert = defineOperator({
  type: 'metadata_upsert',
  summary: 'Turns each message into a change of one row: a counter that grows, and highest values that are kept.',
  output: 'merges',
  options: {
    type: 'object',
    description: 'Which row is changed, and how.',
    additionalProperties: false,
    required: ['by'],
    minProperties: 2,
    properties: {
      by: {
        type: 'string',
        minLength: 1,
        description: 'The text field that names the row: in the message and, as its unique field, in the table.',
        examples: ['symbol'],
      },
      count: {
        type: 'string',
        minLength: 1,
        description: 'The counter in the row that grows by 1. Default: nothing is counted.',
        examples: ['tradeCount'],
      },
      latest: {
        type: 'object',
        minProperties: 1,
        additionalProperties: { type: 'string', minLength: 1 },
        description:
          'Fields of the row that keep the highest value seen, and the number field of the message (for a date: Unix ms) that each comes from. Default: none.',
        examples: [{ lastTradeAt: 'time' }],
      },
    },
  },
  example: 'metadata_upsert: { by: symbol, count: tradeCount, latest: { lastTradeAt: time } }',
  shape({ by, latest = {} }, input, report) {
    checkField({ input, report, path: ['by'] }, by, ['string']);
    for (const [name, from] of Object.entries(latest))
      checkField({ input, report, path: ['latest', name] }, from, ['number', 'date', 'int64']);
    return { merge: 'any' };
  },
  create({ by, count, latest = {} }, context) {
    const sources = Object.entries(latest);
    const counts: Readonly<Record<string, number>> = count === undefined ? {} : { [count]: 1 };
    const operation = (fields: Fields): MergeOperation => {
      const highest: Record<string, number> = {};
      for (const [name, from] of sources) highest[name] = numberField(fields, from);
      return { merge: { by: { [by]: textField(fields, by) }, count: counts, latest: highest } };
    };
    return perMessage(context, (message) => derive(message, { value: operation(fieldsOf(message)) }));
  },
});
