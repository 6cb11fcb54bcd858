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
  summary: 'Turns each message into an update of one row: increments a counter, and keeps the highest values.',
  output: 'merges',
  stateless: true,
  options: {
    type: 'object',
    description: 'The row, and how it is updated.',
    additionalProperties: false,
    required: ['by'],
    minProperties: 2,
    properties: {
      by: {
        type: 'string',
        minLength: 1,
        description: 'Text field that identifies the row, in the message and, as the unique field, in the table.',
        examples: ['symbol'],
      },
      count: {
        type: 'string',
        minLength: 1,
        description: 'Field of the row to increment by 1. Default: nothing is counted.',
        examples: ['tradeCount'],
      },
      latest: {
        type: 'object',
        minProperties: 1,
        additionalProperties: { type: 'string', minLength: 1 },
        description:
          'Fields of the row that keep the highest value, each with the number field of the message that it comes from (Unix ms for a date). Default: none.',
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
  merges({ by, count, latest = {} }) {
    const highest = Object.keys(latest).map((name) => [name, 'highest'] as const);
    return {
      unique: by,
      fields: { ...(count === undefined ? {} : { [count]: 'count' }), ...Object.fromEntries(highest) },
    };
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
