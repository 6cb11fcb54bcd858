import { defineConnector, noUsage, standardOutput } from '../../src/kit/declaration.ts';
import { appendsAgain } from '../../src/kit/guarantee.ts';

/**
 * One JSON object per line on the standard output, for pipes and for reading. Logs go to stderr and never mix with it.
 */
export const stdout = defineConnector({
  type: 'stdout',
  summary: 'Writes messages to standard output, one JSON value per line.',
  twin: 'messages',
  example: 'out: { type: stdout }',
  options: { type: 'object', additionalProperties: false, properties: {} },
  sink: {
    options: noUsage,
    guarantee: () => ({
      repeats: appendsAgain,
      loses: {
        why: 'whoever reads the output does not confirm a line',
        cure: 'write to a file, a log or a table',
      },
    }),
  },
  claims: () => [standardOutput],
  async create(_options, context) {
    const { StreamSink } = await import('./stream-sink.ts');
    return {
      sink: (_usage, role) => new StreamSink(role, { name: context.name, stream: process.stdout }),
      close: async () => {},
    };
  },
});
