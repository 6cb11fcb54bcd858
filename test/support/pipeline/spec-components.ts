import { identity } from 'rxjs';
import {
  type ConnectorDeclaration,
  defineConnector,
  defineOperator,
  logOptions,
  type OperatorDeclaration,
  type Shape,
  tableOptions,
} from '../../../src/kit/declaration.ts';
import { hostAndPort } from '../../../src/kit/units.ts';

// Declarations that look like the real ones, for the spec reader: nothing here runs.

const none = { type: 'object', additionalProperties: false, properties: {} } as const;
const never = () => Promise.reject(new Error('nothing runs in this test'));
const symbols = { type: 'array', items: { type: 'string' }, minItems: 1, description: 'Symbols.' } as const;
const groupUsage = {
  type: 'object',
  additionalProperties: false,
  required: ['group'],
  properties: {
    group: { type: 'string', minLength: 1, description: 'Consumer group.' },
    from: { enum: ['earliest', 'latest'], default: 'earliest', description: 'Where a new group begins.' },
    warm_up: { type: 'integer', minimum: 0, default: 0, description: 'Messages read again.' },
  },
} as const;

const mock = defineConnector({
  type: 'mock',
  summary: 'A market.',
  example: '{ type: mock }',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['symbols'],
    properties: {
      symbols,
      rate: { type: 'string', format: 'rate', default: '50/s', description: 'Trades a second.' },
      seed: { type: 'integer', minimum: 0, default: 42, description: 'Seed.' },
      limit: { type: 'integer', minimum: 1, description: 'Trades in all.' },
      shuffle: { type: 'boolean', default: false, description: 'In any order.' },
    },
  },
  source: { options: none },
  create: never,
});

const finnhub = defineConnector({
  type: 'finnhub',
  summary: 'The exchange.',
  example: '{ type: finnhub }',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['url', 'token', 'symbols'],
    properties: {
      url: { type: 'string', pattern: '^wss?://', description: 'Address.', examples: ['wss://ws.finnhub.io'] },
      token: {
        type: 'string',
        minLength: 1,
        secret: true,
        missingHint: 'get a free key at https://finnhub.io/register',
        description: 'The key.',
      },
      symbols,
    },
  },
  source: { options: none },
  claims: () => ['the Finnhub session'],
  create: never,
});

const kafka = defineConnector({
  type: 'kafka',
  summary: 'A topic.',
  example: '{ type: kafka }',
  family: 'log',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['brokers', 'topic'],
    properties: {
      ...logOptions,
      brokers: { type: 'string', minLength: 1, description: 'Brokers.' },
      password: { type: 'string', secret: true, description: 'Password.' },
      acks: { type: 'string', enum: ['all', 'one'], default: 'all', description: 'Who confirms.' },
      compression: { enum: ['none', 'gzip', 'zstd'], default: 'none', description: 'Compression.' },
      tls: {
        type: 'object',
        additionalProperties: false,
        description: 'Encryption.',
        properties: {
          ca: { type: 'string', format: 'path', description: 'Authority.' },
          verify: { type: 'boolean', default: true, description: 'Check the certificate.' },
        },
      },
    },
  },
  source: { options: groupUsage },
  sink: { options: none },
  create: never,
});

const sqliteLog = defineConnector({
  type: 'sqlite_log',
  summary: 'A topic in a file.',
  example: '{ type: sqlite_log }',
  family: 'log',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['path', 'topic'],
    properties: { ...logOptions, path: { type: 'string', format: 'path', description: 'File.' } },
  },
  source: { options: groupUsage },
  sink: { options: none },
  create: never,
});

const mongodb = defineConnector({
  type: 'mongodb',
  summary: 'A collection.',
  example: '{ type: mongodb }',
  family: 'table',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['url', 'database', 'collection'],
    properties: {
      ...tableOptions,
      url: { type: 'string', pattern: '^mongodb://', description: 'URL.', examples: ['mongodb://localhost:27017'] },
      database: { type: 'string', minLength: 1, description: 'Database.' },
      collection: { type: 'string', minLength: 1, description: 'Collection.' },
    },
  },
  sink: { options: none, merges: () => undefined },
  lookup: { options: none },
  check({ unique, fields }, report) {
    if (unique !== undefined && fields && !(unique in fields)) report(['unique'], `"${unique}" is no field`);
  },
  create: never,
});

const sqliteTable = defineConnector({
  type: 'sqlite_table',
  summary: 'A table in a file.',
  example: '{ type: sqlite_table }',
  family: 'table',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['path', 'table'],
    properties: {
      ...tableOptions,
      path: { type: 'string', format: 'path', description: 'File.' },
      table: { type: 'string', minLength: 1, description: 'Table.' },
    },
  },
  sink: { options: none, merges: () => undefined },
  lookup: { options: none },
  create: never,
});

const tcp = defineConnector({
  type: 'tcp',
  summary: 'Lines.',
  example: '{ type: tcp }',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      listen: { type: 'string', format: 'address', description: 'Server.' },
      connect: { type: 'string', format: 'address', description: 'Client.' },
      client_buffer: { type: 'string', format: 'size', default: '1MiB', description: 'Buffer.' },
      queue: {
        description: 'Bound: a number of lines, a size, or none.',
        anyOf: [{ type: 'integer', minimum: 1 }, { type: 'string', format: 'size' }, { const: 'none' }],
      },
    },
    oneOf: [{ required: ['listen'] }, { required: ['connect'] }],
  },
  source: { options: none },
  sink: { options: none, exclusive: true },
  claims: ({ listen }) => (listen === undefined ? [] : [`port ${hostAndPort(listen).port}`]),
  roles: ({ listen }) => (listen === undefined ? ['source'] : ['sink']),
  create: never,
});

const rest = defineConnector({
  type: 'rest',
  summary: 'Requests.',
  example: '{ type: rest }',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['listen'],
    properties: {
      listen: { type: 'string', format: 'address', description: 'Server.' },
      timeout: { type: 'string', format: 'duration', default: '5s', description: 'Time limit.' },
    },
  },
  source: { options: none, requests: true, exclusive: true },
  sink: { beside: 'source', options: none },
  claims: ({ listen }) => [`port ${hostAndPort(listen).port}`],
  create: never,
});

const websocketServer = defineConnector({
  type: 'websocket_server',
  summary: "Finnhub's protocol.",
  example: '{ type: websocket_server }',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['listen'],
    properties: {
      listen: { type: 'string', format: 'address', description: 'Server.' },
      token: { type: 'string', secret: true, description: 'The key that is asked for.' },
    },
  },
  sink: { options: none, exclusive: true },
  create: never,
});

// ---- operators --------------------------------------------------------------------------------------------------

const anything = (names: readonly string[]): Shape => Object.fromEntries(names.map((name) => [name, 'any']));
const field = { type: 'string', minLength: 1, description: 'Field.' } as const;
const names = {
  type: 'object',
  minProperties: 1,
  additionalProperties: { type: 'string' },
  description: 'Names.',
} as const;

const split = defineOperator({
  type: 'split',
  summary: 'By key.',
  example: 'split: { field: data, by: s }',
  options: { type: 'object', additionalProperties: false, required: ['field', 'by'], properties: { field, by: field } },
  shape: (_options, input) => input,
  create: () => identity,
});

const explode = defineOperator({
  type: 'explode',
  summary: 'By item.',
  example: 'explode: { field: data }',
  options: { type: 'object', additionalProperties: false, required: ['field'], properties: { field, as: names } },
  shape: ({ as }) => as && anything(Object.keys(as)),
  create: () => identity,
});

/** In these tests an expression is the name of a field, or a comparison that begins with one. */
function checkExpression(
  text: string,
  input: Shape,
  report: (path: readonly string[], text: string) => void,
  path: readonly string[],
): void {
  const name = /^[A-Za-z_]+(?!\()\b/.exec(text)?.[0];
  if (text === '') report(path, 'an expression is expected');
  else if (name && input && !Object.hasOwn(input, name) && !/^[a-z]+\(/.test(text))
    report(path, `unknown name "${name}"`);
}

const expression = { type: 'string', format: 'expression', description: 'CEL.' } as const;

const conditional = (type: string) =>
  defineOperator({
    type,
    summary: 'A condition.',
    example: `${type}: 'price > 0.0'`,
    options: expression,
    shape(text, input, report) {
      checkExpression(text, input, report, []);
      return input;
    },
    create: () => identity,
  });

const map = defineOperator({
  type: 'map',
  summary: 'New fields.',
  example: "map: { price: 'price' }",
  options: { type: 'object', minProperties: 1, additionalProperties: expression, description: 'Fields.' },
  shape(fields, input, report) {
    for (const [name, text] of Object.entries(fields)) checkExpression(String(text), input, report, [name]);
    return anything(Object.keys(fields));
  },
  create: () => identity,
});

const vwap = defineOperator({
  type: 'vwap',
  summary: 'VWAP.',
  example: 'vwap: { window: 50, by: symbol }',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['window', 'by'],
    properties: { window: { type: 'integer', minimum: 1, description: 'Trades.' }, by: field },
  },
  shape: (_options, input) => input && { ...input, vwap: 'number' },
  create: () => identity,
});

const idempotencyKey = defineOperator({
  type: 'idempotency_key',
  summary: 'A key.',
  example: 'idempotency_key: { as: message_key, from: "{topic}" }',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['as', 'from'],
    properties: { as: field, from: field },
  },
  shape: ({ as }, input) => input && { ...input, [as]: 'string' },
  create: () => identity,
});

const metadataUpsert = defineOperator({
  type: 'metadata_upsert',
  summary: 'Counters.',
  example: 'metadata_upsert: { by: symbol }',
  output: 'merges',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['by'],
    properties: { by: field, count: field, latest: names },
  },
  shape: ({ by }, input, report) => {
    if (input && !Object.hasOwn(input, by)) report(['by'], `unknown name "${by}"`);
    return { merge: 'any' };
  },
  create: () => identity,
});

const find = defineOperator({
  type: 'find',
  summary: 'Rows.',
  example: 'find: { in: symbols }',
  connectors: { in: 'lookup' },
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['in'],
    properties: {
      in: field,
      where: names,
      sort: { type: 'array', items: { type: 'string' }, description: 'Order.' },
      page: names,
    },
  },
  shape: (options, _input, _report, scope) => scope.tableFields(options.in),
  create: () => identity,
});

const params = defineOperator({
  type: 'params',
  summary: 'Parameters.',
  example: 'params: { limit: { type: integer } }',
  place: 'request',
  options: {
    type: 'object',
    description: 'Parameters.',
    additionalProperties: {
      oneOf: [
        {
          type: 'object',
          additionalProperties: false,
          required: ['type'],
          properties: {
            type: { const: 'integer', description: 'A number.' },
            minimum: { type: 'integer', description: 'Least.' },
            maximum: { type: 'integer', description: 'Most.' },
            default: { type: 'integer', description: 'When not given.' },
          },
        },
        {
          type: 'object',
          additionalProperties: false,
          required: ['type'],
          properties: { type: { const: 'cursor', description: 'An edge.' } },
        },
      ],
    },
  },
  create: () => identity,
});

const reply = defineOperator({
  type: 'reply',
  summary: 'The reply',
  example: 'reply: { as: data }',
  place: 'request',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      as: { type: 'string', default: 'data', description: 'Name.' },
      pagination: { type: 'boolean', default: false, description: 'Pages.' },
    },
  },
  create: () => identity,
});

export const specComponents: {
  readonly connectors: readonly ConnectorDeclaration[];
  readonly operators: readonly OperatorDeclaration[];
} = {
  connectors: [mock, finnhub, kafka, sqliteLog, mongodb, sqliteTable, tcp, rest, websocketServer],
  operators: [
    split,
    explode,
    conditional('require'),
    conditional('filter'),
    map,
    vwap,
    idempotencyKey,
    metadataUpsert,
    find,
    params,
    reply,
  ],
};
