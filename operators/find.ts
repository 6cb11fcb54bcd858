import { defineOperator } from '../src/kit/declaration.ts';
import { derive } from '../src/kit/message.ts';
import { lookup } from '../src/kit/operator.ts';
import { indexed } from '../src/kit/origin.ts';
import { durationMs } from '../src/kit/units.ts';
import { checkFind } from './support/find-check.ts';
import { compileFind } from './support/find-query.ts';

/**
 * `find`: the rows of a table that a message asks for, one message a row; none is no message. With `page` it reads one
 * row more than it shows, to know whether there is a next page, and leaves where that begins with the request.
 */
export const find = defineOperator({
  type: 'find',
  summary: 'Looks rows up in a table: one message for each, in the order asked for.',
  connectors: { in: 'lookup' },
  options: {
    type: 'object',
    description: 'Which rows, in which order, and how many.',
    additionalProperties: false,
    required: ['in'],
    properties: {
      in: { type: 'string', minLength: 1, description: 'The connector that holds the table.', examples: ['trades'] },
      where: {
        type: 'object',
        additionalProperties: { type: ['string', 'number', 'boolean'] },
        default: {},
        description:
          'Fields of the table and what they must equal: a value, or `{name}` for a parameter or a field of the message; left out when that is not given.',
        examples: [{ symbol: '{symbol}' }],
      },
      sort: {
        type: 'array',
        items: { type: 'string', pattern: '^-?[A-Za-z_][A-Za-z0-9_]*$' },
        default: [],
        description: 'Fields of the table to sort by; `-` before one sorts it downwards. Default: in any order.',
        examples: [['-time', '-_id']],
      },
      limit: {
        type: 'integer',
        minimum: 1,
        maximum: 100_000,
        description: 'Rows at most. Default: all of them; more than 100000 are an error.',
      },
      page: {
        type: 'object',
        description:
          'Reads page by page, in a route. `sort` must be a number or date field and then `_id`, both in one direction. Default: no pages.',
        additionalProperties: false,
        required: ['limit', 'before'],
        properties: {
          limit: {
            const: '{limit}',
            description: 'Rows of a page: the parameter `limit`, an integer from 1 to 100000.',
          },
          before: { const: '{before}', description: 'Where the page begins: the parameter `before`, a cursor.' },
        },
      },
      timeout: {
        type: 'string',
        format: 'duration',
        default: '5s',
        description: 'How long the store may take, after which the message is rejected (a request: 504).',
      },
    },
  },
  example:
    'find: { in: trades, where: { symbol: "{symbol}" }, sort: [-time, -_id], page: { limit: "{limit}", before: "{before}" } }',
  shape(options, input, report, scope) {
    return checkFind(options, { input, report, scope });
  },
  create(options, context) {
    const find = compileFind(options, context.lookup(options.in));
    return lookup(
      context,
      async (message, { lane }, signal) => {
        const { rows, edge } = await find(message, signal);
        if (lane.request && edge !== undefined) lane.request.page = edge;
        return rows.map((row, index) => derive(message, { value: row, meta: indexed(message.meta, index) }));
      },
      { timeoutMs: durationMs(options.timeout) },
    );
  },
});
