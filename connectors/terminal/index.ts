import { defineConnector, noUsage, standardOutput } from '../../src/kit/declaration.ts';
import { figures } from '../../src/kit/figures.ts';
import { isScreen } from '../../src/kit/screen.ts';

/**
 * A screen for a person: prices against their VWAP, and the runtime of all processes. Shows what it knows and holds up
 * nobody; where the standard output is no terminal it writes plain lines.
 */
export const terminal = defineConnector({
  type: 'terminal',
  summary: 'A screen of live prices and of all running processes; plain lines where there is no terminal.',
  figures: { skipped_lines: figures.skipped_lines },
  example: 'screen: { type: terminal }',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      max_symbols: {
        type: 'integer',
        minimum: 1,
        maximum: 100_000,
        default: 1000,
        description: 'Symbols that are kept, about 12 KB each; beyond them, those that traded last.',
      },
      log: {
        type: 'string',
        minLength: 1,
        format: 'path',
        default: 'data/dashboard.log',
        description:
          'The file to which the log of the process is added while the screen is shown; made when missing, with its folder. Over 10 MiB it becomes `NAME.1`. Where it can not be written, one of the temp folder.',
      },
    },
  },
  sink: { options: noUsage, shows: true },
  claims: () => [standardOutput],
  logFile: ({ log }) => log,
  async create(options, { name }) {
    const { stdout } = process;
    if (!isScreen(stdout, process.env)) {
      const { PlainSink } = await import('./plain-sink.ts');
      return { sink: (_usage, role) => new PlainSink(role, { name, stream: stdout }), close: async () => {} };
    }
    const [{ TerminalSink }, { openScreen }] = await Promise.all([import('./sink.ts'), import('./screen.ts')]);
    const { NO_COLOR, TERM } = process.env;
    return {
      sink: (_usage, role) =>
        new TerminalSink(role, {
          maxSymbols: options.max_symbols,
          openScreen: (listener) => openScreen({ ...listener, isColoured: !NO_COLOR, terminal: TERM }),
          interrupt: () => process.kill(process.pid, 'SIGINT'),
        }),
      close: async () => {},
    };
  },
});
