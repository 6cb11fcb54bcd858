import { defineConnector, noUsage } from '../../src/kit/declaration.ts';
import { appendsAgain } from '../../src/kit/guarantee.ts';
import { sizeBytes } from '../../src/kit/units.ts';

const notSynced = {
  why: 'without `fsync` a line that was confirmed is lost when the machine fails',
  cure: 'leave out `fsync: false`',
};

/**
 * A file of JSON lines. As a sink it is appended to; a crash or a full disk leaves no torn line. As a source it is read
 * once, from its first line to its end, at every start: no position is committed, so sinks see all of it again.
 */
export const file = defineConnector({
  type: 'file',
  summary: 'A file with one JSON value per line. A sink appends to it; a source reads it from start to end.',
  twin: 'messages',
  example: 'recording: { type: file, path: data/trades.ndjson }',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: {
        type: 'string',
        format: 'path',
        minLength: 1,
        description: 'Path of the file, relative to the pipeline file. A sink creates a missing file, with its folder.',
        examples: ['data/trades.ndjson'],
      },
      fsync: {
        type: 'boolean',
        default: true,
        description: 'Sink: a message is delivered only after it was synced to the disk.',
      },
      max_line: {
        type: 'string',
        format: 'size',
        default: '1MiB',
        description:
          'Source: the maximum length of a line. A longer one is rejected; its dead letter holds the beginning of it.',
      },
    },
  },
  // Each line has its number as its offset, and is read again at every start.
  source: { options: noUsage, guarantee: () => ({}) },
  sink: {
    options: noUsage,
    exclusive: true,
    guarantee: ({ fsync }) => ({ repeats: appendsAgain, ...(fsync ? {} : { loses: notSynced }) }),
  },
  claims: (options) => [`file ${options.path}`],
  async create(options, context) {
    const [{ FileSink }, { FileSource }] = await Promise.all([import('./sink.ts'), import('./source.ts')]);
    const { name } = context;
    const { path, fsync } = options;
    return {
      source: (_usage, role) => new FileSource(role, { name, path, maxLine: sizeBytes(options.max_line) }),
      sink: (_usage, role) => new FileSink(role, { name, path, fsync }),
      close: async () => {},
    };
  },
});
