import { defineConnector, logOptions } from '../src/engine/component.ts';
import { durationMs, sizeBytes } from '../src/engine/units.ts';
import { logSourceUsage, noUsage, readLogUsage } from './log/usage.ts';
import { memorySpace, spaceOption } from './memory/space.ts';

/**
 * The twin of `sqlite_log` that touches no file: the same topics, offsets, groups and leases, kept in a space of this
 * process. What is in it is gone with the process, but outlives every instance of the connector.
 */
export const memoryLog = defineConnector({
  type: 'memory_log',
  summary: 'A log of topics and partitions in memory, for tests and trials.',
  family: 'log',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['topic'],
    properties: {
      ...logOptions,
      space: spaceOption,
      retention: {
        type: 'string',
        format: 'duration',
        default: '1h',
        description: 'Messages older than this are removed once every group seen in the last day has read them.',
      },
      max_size: {
        type: 'string',
        format: 'size',
        default: '64MiB',
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
  example: 'ticks: { type: memory_log, topic: raw_stock_ticks, partitions: 6 }',
  source: { options: logSourceUsage },
  sink: { options: noUsage },
  async create(options, { name }) {
    const [{ MemoryLogStore }, { LogSource }, { LogSink }, { LogBrowser }] = await Promise.all([
      import('./memory/log-store.ts'),
      import('./log/source.ts'),
      import('./log/sink.ts'),
      import('./log/browser.ts'),
    ]);
    const space = memorySpace(options.space);
    const place = { name, topic: options.topic, partitions: options.partitions };
    const sink = {
      maxMessageBytes: sizeBytes(options.max_message_bytes),
      retention: { retentionMs: durationMs(options.retention), maxBytes: sizeBytes(options.max_size), step: 1000 },
    };
    return {
      source: (usage, context) =>
        new LogSource(new MemoryLogStore(space, place, context), readLogUsage(usage), context),
      sink: (_usage, context) => new LogSink(new MemoryLogStore(space, place, context), sink, context),
      browse: (context) => new LogBrowser(new MemoryLogStore(space, place, context), context),
      close: async () => {},
    };
  },
});
