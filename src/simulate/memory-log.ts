import { logFigures } from '../../connectors/shared/log/figures.ts';
import { localLog, localLogOptions, localLogRoles } from '../../connectors/shared/log/local.ts';
import { defineConnector } from '../kit/declaration.ts';
import { endsWithProcess, memorySpace, spaceOption } from './memory/space.ts';

/**
 * `sqlite_log` without a file: the same topics, offsets, groups and leases, kept in a space of this
 * process. The content ends with the process, but outlives every instance of the connector.
 */
export const memoryLog = defineConnector({
  type: 'memory_log',
  summary: 'A log with topics and partitions in memory, for tests and experiments.',
  family: 'log',
  twin: 'log',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['topic'],
    properties: {
      ...localLogOptions({ retention: '1h', max_size: '64MiB' }),
      space: spaceOption,
    },
  },
  example: 'ticks: { type: memory_log, topic: raw_stock_ticks, partitions: 6 }',
  ...localLogRoles(endsWithProcess),
  figures: logFigures,
  channel: ({ topic }) => ({ protocol: 'memory', address: topic }),
  logNames: ({ space, topic }) => [`${space} ${topic}`],
  async create(options, { name }) {
    const { MemoryLogStore } = await import('./memory/log-store.ts');
    const space = memorySpace(options.space);
    const target = { name, topic: options.topic, partitions: options.partitions };
    return localLog(options, (context) => new MemoryLogStore(space, target, context));
  },
});
