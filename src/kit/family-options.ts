import type { JSONSchema } from 'json-schema-to-ts';

/** Options of the log family: kept when an overlay changes the type. */
export const logOptions = {
  topic: { type: 'string', minLength: 1, description: 'Name of the topic.', examples: ['raw_stock_ticks'] },
  partitions: {
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    default: 6,
    description:
      'Number of partitions when the topic is created. Messages with the same key are in the same partition.',
  },
} as const satisfies Record<string, JSONSchema>;

/** Options of the table family: kept when an overlay changes the type. */
export const tableOptions = {
  fields: {
    type: 'object',
    minProperties: 1,
    additionalProperties: { enum: ['string', 'decimal', 'date', 'int64', 'double', 'boolean', 'strings'] },
    description:
      'Fields of a row and their types: string, decimal (exact), date (Unix ms), int64, double, boolean or strings (a list of texts; a single text becomes a list). Missing fields are added to the table.',
    examples: [{ symbol: 'string', price: 'decimal' }],
  },
  unique: { type: 'string', description: 'Field that identifies a row. A row with a known value is not stored again.' },
  indexes: {
    type: 'array',
    items: { type: 'array', items: { type: 'string' }, minItems: 1 },
    description: 'Further indexes: lists of fields; `-` sorts in descending order. `_id` is the order of insertion.',
    examples: [[['symbol', '-time', '-_id']]],
  },
  expire: {
    type: 'string',
    format: 'duration',
    description: 'Rows older than this may be removed.',
    examples: ['10s'],
  },
} as const satisfies Record<string, JSONSchema>;
