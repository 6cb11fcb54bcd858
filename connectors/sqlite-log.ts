import { defineConnector, logOptions } from '../src/engine/component.ts';
import { durationMs, sizeBytes } from '../src/engine/units.ts';
import { logSourceUsage, noUsage, readLogUsage } from './log/usage.ts';

/**
 * A log in a SQLite file: topics, partitions, offsets without holes, consumer groups. Shared by every process of the
 * machine; one at a time works a group, the others stand by. Appends are durable (synced) when they are confirmed.
 */
export const sqliteLog = defineConnector({
  type: 'sqlite_log',
  summary: 'A log of topics and partitions in a SQLite file, shared by the processes of this machine.',
  family: 'log',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['path', 'topic'],
    properties: {
      ...logOptions,
      path: {
        type: 'string',
        minLength: 1,
        format: 'path',
        description: 'The database file; made when missing, with its folder. Several topics may share one.',
        examples: ['data/log.db'],
      },
      retention: {
        type: 'string',
        format: 'duration',
        default: '7d',
        description: 'Messages older than this are removed once every group seen in the last day has read them.',
      },
      max_size: {
        type: 'string',
        format: 'size',
        default: '1GiB',
        description: 'Size of the topic beyond which the oldest messages are removed, read or not.',
      },
      max_message_bytes: {
        type: 'string',
        format: 'size',
        default: '1MiB',
        description: 'The largest message that is taken, with its key; a larger one goes to the dead letter.',
      },
    },
  },
  example: 'ticks: { type: sqlite_log, path: data/log.db, topic: raw_stock_ticks, partitions: 6 }',
  source: { options: logSourceUsage },
  sink: { options: noUsage },
  async create(options, { name }) {
    const [{ SqliteLogStore }, { LogSource }, { LogSink }, { LogBrowser }] = await Promise.all([
      import('./sqlite/log-store.ts'),
      import('./log/source.ts'),
      import('./log/sink.ts'),
      import('./log/browser.ts'),
    ]);
    const place = { name, path: options.path, topic: options.topic, partitions: options.partitions };
    const sink = {
      maxMessageBytes: sizeBytes(options.max_message_bytes),
      retention: { retentionMs: durationMs(options.retention), maxBytes: sizeBytes(options.max_size), step: 1000 },
    };
    return {
      source: (usage, context) => new LogSource(new SqliteLogStore(place, context), readLogUsage(usage), context),
      sink: (_usage, context) => new LogSink(new SqliteLogStore(place, context), sink, context),
      browse: (context) => new LogBrowser(new SqliteLogStore(place, context), context),
      close: async () => {},
    };
  },
});
