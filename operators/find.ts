import { defineOperator } from '../src/kit/declaration.ts';
import { derive, type Message } from '../src/kit/message.ts';
import { lookup } from '../src/kit/operator.ts';
import { indexed } from '../src/kit/origin.ts';
import { portions } from '../src/kit/portions.ts';
import type { Row } from '../src/kit/row.ts';
import { durationMs } from '../src/kit/units.ts';
import { checkFind } from './support/find-check.ts';
import { compileFind } from './support/find-query.ts';
import { compileStream } from './support/find-stream.ts';
import { lookedUp } from './support/looked-up.ts';

/**
 * `find`: the rows of a table that match a message, one message per row; without rows no message. With `page` it reads
 * one row more than it shows, to know whether there is a next page, and stores its start in the request. With `stream` rows
 * are read page by page, as fast as the client of the request takes them.
 */
export const find = defineOperator({
  type: 'find',
  summary: 'Queries a table and makes one message of each row.',
  connectors: { in: 'lookup' },
  state: () => lookedUp,
  options: {
    type: 'object',
    description: 'The table, the condition, the order and the limit.',
    additionalProperties: false,
    required: ['in'],
    properties: {
      in: { type: 'string', minLength: 1, description: 'Name of the connector of the table.', examples: ['trades'] },
      where: {
        type: 'object',
        additionalProperties: {
          type: ['string', 'number', 'boolean', 'object'],
          description: 'What the field must equal, or the range in which it must lie.',
          additionalProperties: false,
          minProperties: 1,
          properties: {
            from: { type: ['string', 'number'], description: 'The lowest value; it belongs to the range.' },
            to: { type: ['string', 'number'], description: 'The end of the range, which does not belong to it.' },
          },
        },
        default: {},
        description:
          'Fields of the table and the values that they must equal, or a range `{ from, to }` of a number or date field: a value, or `{name}` for a parameter or a field of the message. A condition whose parameter is not given does not apply.',
        examples: [{ symbol: '{symbol}' }, { symbol: '{symbol}', time: { from: '{from}', to: '{to}' } }],
      },
      sort: {
        type: 'array',
        items: { type: 'string', pattern: '^-?[A-Za-z_][A-Za-z0-9_]*$' },
        default: [],
        description: 'Fields to sort by; `-` sorts in descending order. Default: no particular order.',
        examples: [['-time', '-_id']],
      },
      limit: {
        type: 'integer',
        minimum: 1,
        maximum: 100_000,
        description: 'Maximum number of rows. Default: all rows, and an error for more than 100000.',
      },
      page: {
        type: 'object',
        description:
          'Pagination, in a route. `sort` must be a number or date field and then `_id`, both in the same direction. Default: no pages.',
        additionalProperties: false,
        required: ['limit', 'before'],
        properties: {
          limit: {
            const: '{limit}',
            description: 'Rows per page: the parameter `limit`, an integer from 1 to 100000.',
          },
          before: { const: '{before}', description: 'Where the page starts: the parameter `before`, a cursor.' },
        },
      },
      stream: {
        type: 'object',
        description:
          'Reads the rows in portions, in a route that ends in a `reply` with `file`. `sort` must be as for pages, and an index must lead to it. Default: all rows at once.',
        additionalProperties: false,
        required: ['at_most'],
        properties: {
          at_most: {
            type: 'integer',
            minimum: 1,
            maximum: 100_000_000,
            description: 'Maximum number of rows. A request for more gets 400, and no rows at all.',
          },
        },
      },
      timeout: {
        type: 'string',
        format: 'duration',
        default: '5s',
        description: 'Time limit of a query. After it the message is rejected (a request gets 504).',
      },
    },
  },
  example:
    'find: { in: trades, where: { symbol: "{symbol}" }, sort: [-time, -_id], page: { limit: "{limit}", before: "{before}" } }',
  shape(options, input, report, scope) {
    return checkFind(options, { input, report, scope });
  },
  streams: ({ stream }) => stream !== undefined,
  create(options, context) {
    const timeoutMs = durationMs(options.timeout);
    const table = context.lookup(options.in);
    if (options.stream) {
      const stream = compileStream(options, options.stream.at_most, table);
      const begin = (message: Message) => {
        const next = stream(message);
        return async (signal: AbortSignal) => made(message, await next(signal));
      };
      return portions(context, begin, { timeoutMs });
    }
    const find = compileFind(options, table);
    return lookup(
      context,
      async (message, { lane }, signal) => {
        const { rows, edge } = await find(message, signal);
        if (lane.request && edge !== undefined) lane.request.page = edge;
        return made(message, rows);
      },
      { timeoutMs },
    );
  },
});

function made(message: Message, rows: readonly Row[]): readonly Message[] {
  return rows.map((row, index) => derive(message, { value: row, meta: indexed(message.meta, index) }));
}
