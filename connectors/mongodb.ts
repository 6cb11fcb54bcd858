import { defineConnector, tableOptions } from '../src/engine/component.ts';
import { FdpError } from '../src/errors.ts';
import { noUsage } from './log/usage.ts';
import { checkTable } from './table/definition.ts';

/** One collection of a MongoDB database. Every write is acknowledged from the journal; there is no lesser concern. */
export const mongodb = defineConnector({
  type: 'mongodb',
  summary: 'A collection of a MongoDB database.',
  family: 'table',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['url', 'database', 'collection'],
    properties: {
      ...tableOptions,
      url: {
        type: 'string',
        pattern: '^mongodb(\\+srv)?://',
        expected: 'a connection string that begins with mongodb:// or mongodb+srv://',
        description: 'Connection string, with user and password where the server wants them.',
        examples: ['mongodb://localhost:27017'],
        secret: true,
      },
      database: {
        type: 'string',
        pattern: '^[^/\\\\. "$]{1,63}$',
        expected: 'the name of a database',
        description: 'Name of the database.',
      },
      collection: {
        type: 'string',
        pattern: '^(?!system\\.)[^$]{1,120}$',
        expected: 'the name of a collection',
        description: 'Name of the collection; made when missing, with its indexes.',
        examples: ['finnhub_trades'],
      },
      tls: {
        type: 'object',
        additionalProperties: false,
        description: 'Encrypts the connection; `{}` trusts the authorities that Node.js trusts.',
        properties: {
          ca: { type: 'string', format: 'path', description: 'File of the authorities that are trusted, PEM.' },
          cert_and_key: {
            type: 'string',
            format: 'path',
            description: "File of the client's certificate and private key, PEM.",
          },
        },
      },
    },
  },
  example: `trades:
  type: mongodb
  url: mongodb://localhost:27017
  database: financialDataDatabase
  collection: finnhub_trades
  fields: { message_key: string, symbol: string, price: decimal, time: date }
  unique: message_key`,
  sink: { options: noUsage, merges: true },
  lookup: { options: noUsage },
  check: checkTable,
  async create() {
    throw new FdpError('FDP_NOT_SUPPORTED', 'mongodb: this build has no MongoDB client yet, use --profile embedded');
  },
});
