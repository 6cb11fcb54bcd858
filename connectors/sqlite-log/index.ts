import { defineConnector } from '../../src/kit/declaration.ts';
import { logFigures } from '../shared/log/figures.ts';
import { localLog, localLogOptions, localLogRoles } from '../shared/log/local.ts';

/**
 * A log in a SQLite file: topics, partitions, offsets without holes, consumer groups. Shared by every process of the
 * machine; one at a time reads for a group, the others are in standby. Appends are durable (synced) when they are
 * confirmed.
 */
export const sqliteLog = defineConnector({
  type: 'sqlite_log',
  summary: 'A log with topics and partitions in a SQLite file, shared by the processes of this machine.',
  family: 'log',
  twin: 'log',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['path', 'topic'],
    properties: {
      ...localLogOptions({ retention: '7d', max_size: '1GiB' }),
      path: {
        type: 'string',
        minLength: 1,
        format: 'path',
        description: 'The database file. It is created if missing, with its folder. Several topics may share one file.',
        examples: ['data/log.db'],
      },
    },
  },
  example: 'ticks: { type: sqlite_log, path: data/log.db, topic: raw_stock_ticks, partitions: 6 }',
  ...localLogRoles(),
  figures: logFigures,
  channel: ({ topic }) => ({ protocol: 'sqlite', address: topic }),
  logNames: ({ path, topic }) => [`${path} ${topic}`],
  async create(options, { name }) {
    const { SqliteLogStore } = await import('./store.ts');
    const target = { name, path: options.path, topic: options.topic, partitions: options.partitions };
    return localLog(options, (context) => new SqliteLogStore(target, context));
  },
});
