import { defineConnector, noUsage, type Report, tableOptions } from '../../src/kit/declaration.ts';
import { withPackages } from '../../src/kit/optional-packages.ts';
import { Proven } from '../../src/kit/proven.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import { checkTable, readTable, type TableOptions, whyNoCounters } from '../shared/table/definition.ts';
import { tableFigures } from '../shared/table/figures.ts';
import { tableGuarantee } from '../shared/table/guarantee.ts';
import { urlProblem } from './url.ts';

/**
 * One collection of a MongoDB database. A row is stored once by its unique field; counters are exact whatever is
 * replayed, without transactions, on a standalone server, a replica set and Atlas alike. A write is confirmed when a
 * majority has it in its journal; there is no lesser concern.
 */
export const mongodb = defineConnector({
  type: 'mongodb',
  summary: 'A collection of a MongoDB database.',
  family: 'table',
  twin: 'table',
  figures: tableFigures,
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
        description: 'Connection string, with user and password if the server requires them.',
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
        description: 'Name of the collection. It is created if missing, with its indexes.',
        examples: ['finnhub_trades'],
      },
      tls: {
        type: 'object',
        additionalProperties: false,
        description: 'Encrypts the connection. `{}` trusts the certificate authorities that Node.js trusts.',
        properties: {
          ca: { type: 'string', format: 'path', description: 'File of the trusted certificate authorities, PEM.' },
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
  sink: { options: noUsage, merges: whyNoCounters, guarantee: tableGuarantee },
  lookup: { options: noUsage },
  check,
  async create(options, { name }) {
    const { Collection } = await withPackages(['mongodb'], name, import('./collection.ts'));
    const [{ MongoTableStore }, { MongoTableAudit }, { tableSink }, { MongoLookup }, { readAddress }] =
      await Promise.all([
        import('./store.ts'),
        import('./audit.ts'),
        import('../shared/table/roles.ts'),
        import('./lookup.ts'),
        import('./address.ts'),
      ]);
    const { url, database, collection, tls } = options;
    const target = { name, url, database, collection, tls, address: readAddress(url), proven: new Proven() };
    const definition = readTable(name, options);
    const made = (context: RoleContext) => new Collection(target, definition, context);
    return {
      sink: (_usage, context) => tableSink(new MongoTableStore(made(context), context), context),
      lookup: (context) => new MongoLookup(made(context), context),
      audit: (context) => new MongoTableAudit(made(context), context),
      close: async () => {},
    };
  },
});

/** Beside a table's own mistakes: names that mean something else to MongoDB. */
function check(options: TableOptions & { readonly url: string }, report: Report): void {
  checkTable(options, report);
  const wrong = urlProblem(options.url);
  if (wrong) report(['url'], wrong.text, wrong.hint);
  for (const field of Object.keys(options.fields ?? {}))
    if (field.includes('.') || field.startsWith('$'))
      report(['fields', field], `expected a name without \`.\` and without \`$\` in front, got "${field}"`);
}
