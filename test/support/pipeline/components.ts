import { identity } from 'rxjs';
import { defineConnector, defineOperator, logOptions } from '../../../src/kit/declaration.ts';
import type { Components } from '../../../src/pipeline/give/json-schema.ts';

/** A few components that use every feature of a declaration, for testing what is generated from declarations. */
const queue = defineConnector({
  type: 'queue',
  summary: 'A log on a server.',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['servers', 'topic'],
    properties: {
      servers: { type: 'string', format: 'address', description: 'Where the server listens.' },
      ...logOptions,
      password: { type: 'string', secret: true, description: 'Password of the account.' },
      compression: { enum: ['none', 'gzip'], default: 'none', description: 'How batches are packed.' },
      retention: { type: 'string', format: 'duration', default: '7d', description: 'How long messages are kept.' },
      tls: {
        type: 'object',
        additionalProperties: false,
        description: 'Encryption of the connection.',
        properties: {
          ca: { type: 'string', format: 'path', description: 'File with the certificate authority.' },
          verify: { type: 'boolean', default: true, description: 'Check the certificate of the server.' },
        },
      },
    },
  },
  family: 'log',
  source: {
    options: {
      type: 'object',
      additionalProperties: false,
      properties: {
        group: { type: 'string', description: 'Consumer group.' },
        from: { enum: ['earliest', 'latest'], default: 'latest', description: 'Where a new group begins.' },
      },
    },
  },
  sink: { options: { type: 'object', additionalProperties: false, properties: {} } },
  example: 'ticks: { type: queue, servers: "localhost:9092", topic: raw_stock_ticks }',
  create: () => Promise.reject(new Error('not in this test')),
});

const door = defineConnector({
  type: 'door',
  summary: 'Requests from outside.',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['listen'],
    properties: {
      listen: { type: 'string', format: 'address', description: 'Where it listens.', examples: ['127.0.0.1:8000'] },
      max_requests: {
        type: 'integer',
        minimum: 1,
        maximum: 1000,
        default: 64,
        description: 'Requests at once; further ones are refused.',
      },
    },
  },
  source: {
    requests: true,
    exclusive: true,
    options: {
      type: 'object',
      additionalProperties: false,
      properties: { from: { type: 'string', description: 'Prefix of the paths.' } },
    },
  },
  sink: {
    merges: () => undefined,
    exclusive: true,
    options: {
      type: 'object',
      additionalProperties: false,
      properties: { depth: { type: 'integer', description: 'Lines kept for a slow client.' } },
    },
  },
  lookup: { options: { type: 'object', additionalProperties: false, properties: {} } },
  example: 'http: { type: door, listen: "127.0.0.1:8000" }',
  create: () => Promise.reject(new Error('not in this test')),
});

const rolling = defineOperator({
  type: 'rolling',
  summary: 'A rolling mean of each key.',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['window', 'by'],
    properties: {
      window: { type: 'integer', minimum: 1, description: 'Messages that the mean takes in.', examples: [50] },
      by: { type: 'string', description: 'Field that holds the key.' },
      max_keys: { type: 'integer', minimum: 1, default: 10_000, description: 'Keys remembered at most.' },
    },
  },
  example: 'rolling: { window: 50, by: symbol }',
  create: () => identity,
});

const require = defineOperator({
  type: 'require',
  summary: 'Rejects what an expression does not hold for.',
  options: { type: 'string', format: 'expression', description: 'CEL that must be true.' },
  example: "require: 'price > 0.0'",
  create: () => identity,
});

const map = defineOperator({
  type: 'map',
  summary: 'New fields from expressions.',
  options: {
    type: 'object',
    minProperties: 1,
    description: 'Fields and their expressions.',
    additionalProperties: { type: 'string', format: 'expression', description: 'CEL of the field.' },
  },
  example: "map: { price: 'price' }",
  create: () => identity,
});

const reply = defineOperator({
  type: 'reply',
  summary: 'Answers the request.',
  routesOnly: true,
  options: {
    type: 'object',
    additionalProperties: false,
    properties: { as: { type: 'string', default: 'data', description: 'Name of the list.' } },
  },
  example: 'reply: { as: available }',
  create: () => identity,
});

export const sampleComponents: Components = { connectors: [queue, door], operators: [map, reply, require, rolling] };
