import type { MessageDescription } from '../../src/kit/channel.ts';

const at = { type: 'number', description: 'When it was sent, Unix ms.' };
const price = (description: string) => ({ type: 'number', description });

/** The events of `GET /api/v1/stream`: the JSON of their data. */
export const eventMessages: readonly MessageDescription[] = [
  {
    name: 'prices',
    summary: 'Event `prices`, at most four times a second and only if something changed.',
    schema: {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'full', 'symbols'],
      properties: {
        at,
        full: { type: 'boolean', description: 'Whether it has everything that is known, or what changed.' },
        symbols: {
          type: 'array',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['symbol', 'price', 'vwap', 'time', 'trades'],
            properties: {
              symbol: { type: 'string' },
              price: price('The last one.'),
              vwap: { type: ['number', 'null'], description: 'Null if the feed has none.' },
              time: { type: 'string', format: 'date-time', description: 'Of the last trade.' },
              trades: { type: 'integer', minimum: 0, description: 'Lines since the event before.' },
              high: price('Of these lines, where it is not the last price.'),
              low: price('Of these lines, where it is not the last price.'),
            },
          },
        },
      },
    },
    examples: [
      {
        ...{ at: 1_763_645_598_700, full: false },
        symbols: [{ symbol: 'AAPL', price: 196.38, vwap: 196.31, time: '2025-11-20T13:33:18.585Z', trades: 1 }],
      },
    ],
  },
  {
    name: 'status',
    summary: 'Event `status`, once per second.',
    schema: {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'processes'],
      properties: {
        at,
        processes: { type: 'array', items: { type: 'object' }, description: 'What each process reports.' },
        error: { type: 'string', description: 'Why the other processes are not known.' },
      },
    },
    examples: [{ at: 1_763_645_598_700, processes: [] }],
  },
];
