import type { MessageDescription } from './channel.ts';
import type { FieldType, Shape } from './declaration.ts';
import { rowSchema } from './row-schema.ts';

type Schema = Readonly<Record<string, unknown>>;

const number = (example: number, description: string) => ({ type: 'number', description, examples: [example] });
const text = (example: string, description: string) => ({ type: 'string', description, examples: [example] });

const trade = {
  type: 'object',
  required: ['s', 'p', 't', 'v'],
  properties: {
    s: text('AAPL', 'Symbol.'),
    p: { ...number(196.38, 'Price.'), type: ['number', 'string'] },
    t: number(1_763_645_598_585, 'Time of the trade, Unix ms.'),
    v: { ...number(100, 'Volume.'), type: ['number', 'string'] },
    c: { type: ['array', 'null'], description: 'Sale conditions.' },
  },
};

const symbolKey = text('AAPL', 'The symbol.');

/** What feeds put into the log: trades, and gaps in which some may be missing. */
export const feedMessages: readonly MessageDescription[] = [
  {
    name: 'trades',
    summary: 'Trades of one symbol; the key of the record is the symbol.',
    key: symbolKey,
    schema: {
      type: 'object',
      required: ['type', 'data'],
      properties: { type: { const: 'trade' }, data: { type: 'array', minItems: 1, items: trade } },
    },
    examples: [{ type: 'trade', data: [{ s: 'AAPL', p: 196.38, t: 1_763_645_598_585, v: 100 }] }],
  },
  {
    name: 'gap',
    summary:
      'Trades of a symbol may be missing since `from`, or, with `to`, up to then; the key of the record is the symbol.',
    key: symbolKey,
    schema: {
      type: 'object',
      required: ['type', 'data', 'gap'],
      properties: {
        type: { const: 'gap' },
        data: { type: 'array', maxItems: 0 },
        gap: {
          type: 'object',
          required: ['from', 'reason', 'feed'],
          properties: {
            from: number(1_763_645_598_585, 'Unix ms.'),
            to: number(1_763_645_610_000, 'Unix ms; left out while the gap lasts.'),
            reason: text('the server closed the connection', 'Why.'),
            feed: text('finnhub', 'The connector of the feed.'),
            symbol: text('AAPL', 'The key of the record.'),
          },
        },
      },
    },
    examples: [
      {
        type: 'gap',
        data: [],
        gap: { from: 1_763_645_598_585, reason: 'the server closed the connection', feed: 'finnhub', symbol: 'AAPL' },
      },
    ],
  },
];

/** What the dead letter gets, as `DeadLetter`. */
export const deadLetterMessage: MessageDescription = {
  name: 'deadLetter',
  summary: 'A message that was rejected, with its bytes, its origin and the reason.',
  key: { type: ['string', 'null'], description: 'The key of the rejected message.' },
  schema: {
    type: 'object',
    required: ['code', 'reason', 'topology', 'node', 'origin', 'value', 'encoding', 'bytes', 'rejected_at'],
    properties: {
      code: { type: 'string', pattern: '^FDP_[A-Z_]+$', description: 'The kind of error.' },
      reason: { type: 'string', description: 'One line.' },
      topology: { type: 'string' },
      node: { type: 'string', description: 'The operator or sink that refused it.' },
      sink: { type: 'string', description: 'The sink whose branch refused it; left out before the branches.' },
      origin: { type: 'object', required: ['lane', 'key', 'timestamp'], description: 'Where it was read.' },
      value: { type: 'string', description: 'Its bytes.' },
      encoding: { enum: ['utf8', 'base64'] },
      bytes: { type: 'integer', description: 'Their number; more than `value` has if it was cut.' },
      rejected_at: { type: 'number', description: 'Unix ms.' },
    },
  },
  examples: [
    {
      ...{ code: 'FDP_MESSAGE_INVALID', reason: '"price > -1e15": false', topology: 'processor', node: 'require' },
      origin: {
        lane: 'log/ticks/0',
        topic: 'ticks',
        partition: 0,
        offset: 7,
        index: 0,
        key: 'AAPL',
        timestamp: 1_763_645_598_585,
      },
      ...{ value: '{"type":"trade","data":[]}', encoding: 'utf8', bytes: 26, rejected_at: 1_763_645_598_600 },
    },
  ],
};

/** Fields that price lines have: what a shape does not know of them. */
const priceFields: Readonly<Record<string, Schema>> = {
  time: text('2025-11-20T13:33:18.585Z', 'RFC 3339.'),
  symbol: text('AAPL', 'As the feed names it.'),
  price: number(196.38, 'Of the trade.'),
  vwap: number(196.31, 'Volume-weighted average price.'),
};
const samples: Readonly<Record<FieldType, unknown>> = {
  ...{ string: 'text', number: 1, boolean: true, date: 1_763_645_598_585, decimal: '196.38', int64: 1, any: null },
};

/** Messages with the fields of a shape. */
export function shapeMessage(shape: NonNullable<Shape>): MessageDescription {
  const { properties } = rowSchema(shape) as { readonly properties: Readonly<Record<string, Schema>> };
  const known = (name: string, type: FieldType) => {
    const field = priceFields[name];
    return field && (type === 'any' || type === field['type']) ? field : undefined;
  };
  const fields = Object.entries(shape).map(([name, type]) => [name, known(name, type), type] as const);
  return {
    name: 'line',
    summary: 'One JSON object per message.',
    schema: {
      type: 'object',
      additionalProperties: false,
      required: Object.keys(shape),
      properties: Object.fromEntries(fields.map(([name, field]) => [name, { ...properties[name], ...field }])),
    },
    examples: [
      Object.fromEntries(
        fields.map(([name, field, type]) => [name, (field?.['examples'] as readonly unknown[])?.[0] ?? samples[type]]),
      ),
    ],
  };
}
