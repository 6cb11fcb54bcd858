import { defineConnector, noUsage, tableOptions } from '../../src/kit/declaration.ts';
import { checkTable, keepOptions, readTable, whyNoCounters } from '../shared/table/definition.ts';
import { tableFigures } from '../shared/table/figures.ts';
import { tableGuarantee } from '../shared/table/guarantee.ts';

/**
 * A table in a SQLite file, shared by every process of the machine. A row is stored once by its unique field; counters
 * are exact whatever is replayed. Writes are durable (synced) when they are confirmed.
 */
export const sqliteTable = defineConnector({
  type: 'sqlite_table',
  summary: 'A table in a SQLite file, shared by the processes of this machine.',
  family: 'table',
  twin: 'table',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['path', 'table'],
    properties: {
      ...tableOptions,
      ...keepOptions,
      path: {
        type: 'string',
        minLength: 1,
        format: 'path',
        description: 'The database file. It is created if missing, with its folder. Several tables may share one file.',
        examples: ['data/store.db'],
      },
      table: {
        type: 'string',
        pattern: '^(?!sqlite_|fdp_(topics|partitions|records|groups|positions|removed)$)[A-Za-z][A-Za-z0-9_.-]{0,99}$',
        expected: 'a name that begins with a letter, then letters, digits and . _ -',
        description: 'Name of the table. It is created if missing.',
        examples: ['finnhub_trades'],
      },
    },
  },
  figures: tableFigures,
  example: `trades:
  type: sqlite_table
  path: data/store.db
  table: finnhub_trades
  fields: { message_key: string, symbol: string, price: decimal, time: date }
  unique: message_key
  indexes: [[symbol, -time, -_id]]`,
  sink: { options: noUsage, merges: whyNoCounters, guarantee: tableGuarantee },
  lookup: { options: noUsage },
  check: checkTable,
  async create(options, { name }) {
    const [{ SqliteTableStore }, { SqliteTableAudit }, { TableLookup, tableSink }] = await Promise.all([
      import('./store.ts'),
      import('./audit.ts'),
      import('../shared/table/roles.ts'),
    ]);
    const target = { path: options.path, table: options.table, definition: readTable(name, options) };
    return {
      sink: (_usage, context) => tableSink(new SqliteTableStore(target, context), context),
      lookup: (context) => new TableLookup(new SqliteTableStore(target, context), context),
      audit: (context) => new SqliteTableAudit(target, context),
      close: async () => {},
    };
  },
});
