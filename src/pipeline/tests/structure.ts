import type { JSONSchema } from 'json-schema-to-ts';
import { namePattern } from '../check/structure.ts';
import { duration, moment } from './fault-structure.ts';

// The structure of a test of a pipeline, one YAML document of a `*.test.yml`: JSON Schema (draft 7), one truth for the reader,
// for the schema that editors use and for the docs. Parts that may be a list or a map have a schema for each form.

/** One of `input`: exactly one of `message`, `text` and `request`. */
export const entrySchema = {
  type: 'object',
  additionalProperties: false,
  description: 'One message, or one request.',
  properties: {
    at: moment,
    key: {
      type: 'string',
      minLength: 1,
      description:
        'Key of the message: it decides on the partition of a log. Default: none, the partitions take turns.',
      examples: ['AAPL'],
    },
    message: { description: 'The message: any value that JSON has.', examples: [{ type: 'trade', data: [] }] },
    text: { type: 'string', description: 'The message as it is, which may be no JSON.', examples: ['{'] },
    request: {
      type: 'string',
      pattern: '^[A-Z]+ /\\S*$',
      expected: 'a method and a path such as GET /api/v1/symbols',
      description: 'For a topology with routes: what a client asks for.',
      examples: ['GET /api/v1/symbols/AAPL'],
    },
  },
} as const;

/** `input` as a map. */
export const mockSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['mock'],
  description: 'Messages of the mock market.',
  properties: {
    mock: {
      type: 'object',
      additionalProperties: false,
      required: ['trades'],
      description:
        'Frames of trades as Finnhub sends them; for a log a message for each symbol of a frame, with it as the key.',
      properties: {
        trades: { type: 'integer', minimum: 1, maximum: 1_000_000, description: 'Number of trades.' },
        seed: {
          type: 'integer',
          minimum: 0,
          description: 'The same seed gives the same trades. Default: that of the run.',
        },
        symbols: {
          type: 'array',
          items: { type: 'string', minLength: 1, maxLength: 40 },
          minItems: 1,
          uniqueItems: true,
          default: ['AAPL', 'MSFT'],
          description: 'Symbols to trade, the most active first.',
        },
        rate: { type: 'string', format: 'rate', default: '50/s', description: 'Trades per second of virtual time.' },
      },
    },
  },
} as const satisfies JSONSchema;

/** `input` as a map, too. */
export const tapeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['tape'],
  description: 'The messages of a tape that `fdp record` made.',
  properties: {
    tape: {
      type: 'string',
      minLength: 1,
      description:
        'Folder of the tape, relative to the file of the test. Messages come at their times, with their keys, partitions and offsets.',
      examples: ['tapes/open'],
    },
  },
} as const satisfies JSONSchema;

const items = {
  type: 'array',
  items: {},
  description: 'Rows, records or lines, each with the fields that matter.',
} as const;

/** What a sink, or the dead letters, are expected to hold: a number, a list, or a map. */
export const contentSchemas = {
  scalar: { type: 'integer', minimum: 0, description: 'How many there are.' },
  list: {
    ...items,
    description:
      'All of them: so many, each with these fields. Lines are compared in order, rows of a table and records of a log in any.',
  },
  map: {
    type: 'object',
    additionalProperties: false,
    minProperties: 1,
    description: 'Some of them: at least one of `rows` and `contains`.',
    properties: {
      rows: { type: 'integer', minimum: 0, description: 'How many there are: rows, records or lines.' },
      contains: { ...items, minItems: 1, description: 'Some of them, each with these fields.' },
    },
  },
} as const satisfies Record<string, JSONSchema>;

export const committedSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['partition', 'offset'],
  description: 'The position of a partition: the offset of the next message.',
  properties: {
    partition: { type: 'integer', minimum: 0, description: 'Number of the partition.' },
    offset: { type: 'integer', minimum: 0, description: 'One past the last message that is done.' },
  },
} as const satisfies JSONSchema;

export const orderSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['by'],
  expected: 'a map such as { by: symbol }',
  description: 'Messages that share a field reach every ordered sink in the order of the source.',
  properties: {
    by: {
      type: 'string',
      minLength: 1,
      description: 'Name of the field; `key` is also the key of a message.',
      examples: ['symbol'],
    },
  },
} as const;

export const replySchema = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  description: 'The reply to a request: `data`, `rows` of a file, or the `code` of an error.',
  properties: {
    data: { description: 'What the reply holds, with the fields that matter.' },
    rows: { type: 'array', items: {}, description: 'All rows of a file, each with the fields that matter.' },
    code: { type: 'string', description: 'Code of the error.', examples: ['FDP_NOT_FOUND', 'FDP_PARAMETER_INVALID'] },
  },
} as const satisfies JSONSchema;

/** The document itself. `input`, `faults` and `expect` are checked part by part. */
export const testSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'topology', 'input', 'expect'],
  properties: {
    name: { type: 'string', minLength: 1, description: 'What is promised, in one sentence.' },
    topology: {
      type: 'string',
      pattern: namePattern,
      description: 'Name of the topology that runs.',
      examples: ['processor'],
    },
    tables: {
      type: 'object',
      description: 'Rows that tables have at the start, by the name of their connector.',
      additionalProperties: {
        type: 'array',
        items: { type: 'object' },
        description: 'The rows, in the order of insertion.',
      },
    },
    input: { description: 'What comes from outside: a list, messages of the mock market, or a tape.' },
    faults: {
      type: 'array',
      items: { type: 'object' },
      expected: 'a list such as [{ sink: trades, slow: 1s }]',
      description: 'What goes wrong.',
    },
    expect: { type: 'object', minProperties: 1, description: 'What must be true at the end: at least one thing.' },
  },
} as const;

export const withinSchema = {
  ...duration,
  description: 'Virtual time in which everything must be done. Default: 10m after the last input or fault.',
  examples: ['30s'],
} as const satisfies JSONSchema;

/** Words of `expect` that are no names of sinks. */
export const expectWords = ['dead_letters', 'committed', 'order', 'replies', 'within'] as const;
