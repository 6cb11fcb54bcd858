import { checkTable, keepOptions, readTable, whyNoCounters } from '../../connectors/shared/table/definition.ts';
import { tableFigures } from '../../connectors/shared/table/figures.ts';
import { tableGuarantee } from '../../connectors/shared/table/guarantee.ts';
import { defineConnector, noUsage, tableOptions } from '../kit/declaration.ts';
import { endsWithProcess, memorySpace, spaceOption } from './memory/space.ts';

/**
 * `sqlite_table` without a file: the same rows, counters and queries, kept in a space of this
 * process. The content ends with the process, but outlives every instance of the connector.
 */
export const memoryTable = defineConnector({
  type: 'memory_table',
  summary: 'A table in memory, for tests and experiments.',
  family: 'table',
  twin: 'table',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...tableOptions,
      ...keepOptions,
      space: spaceOption,
      table: {
        type: 'string',
        minLength: 1,
        description: 'Name of the table. Default: the name of the connector.',
        examples: ['finnhub_trades'],
      },
    },
  },
  example: 'symbols: { type: memory_table, fields: { symbol: string, tradeCount: int64 }, unique: symbol }',
  figures: tableFigures,
  sink: {
    options: noUsage,
    merges: whyNoCounters,
    guarantee: (options, input) => ({ ...tableGuarantee(options, input), loses: endsWithProcess }),
  },
  lookup: { options: noUsage },
  check: checkTable,
  async create(options, { name }) {
    const [{ MemoryTableStore }, { MemoryTableAudit }, { TableLookup, tableSink }] = await Promise.all([
      import('./memory/table-store.ts'),
      import('./memory/table-audit.ts'),
      import('../../connectors/shared/table/roles.ts'),
    ]);
    const space = memorySpace(options.space);
    const table = { name: options.table ?? name, definition: readTable(name, options) };
    return {
      sink: (_usage, context) => tableSink(new MemoryTableStore(space, table, context), context),
      lookup: (context) => new TableLookup(new MemoryTableStore(space, table, context), context),
      audit: (context) => new MemoryTableAudit(space, table, context),
      close: async () => {},
    };
  },
});
