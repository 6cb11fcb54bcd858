import { defineConnector, noUsage, standardOutput } from '../../src/kit/declaration.ts';
import { figures } from '../../src/kit/figures.ts';
import { withPackages } from '../../src/kit/optional-packages.ts';
import { isScreen } from '../../src/kit/screen.ts';

/**
 * A terminal screen: prices against their VWAP, and all running processes. It never delays the topology. If the
 * standard output is not a terminal, plain lines are written instead.
 */
export const terminal = defineConnector({
  type: 'terminal',
  summary: 'A terminal screen with live prices and all running processes. Without a terminal it prints plain lines.',
  twin: 'messages',
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
        description: 'Maximum number of symbols to keep, about 12 KB each. Beyond it, those that traded last are kept.',
      },
      candles: {
        type: 'string',
        pattern: '^https?://[^/]+/.*\\{symbol\\}',
        description:
          'Where the candles of a symbol are asked for, with `{symbol}` in the URL: a route as `GET /api/v1/candles/{symbol}` of the API. It is asked with `interval` and `limit`, while candles are shown, for the one symbol that is selected. Default: no candles.',
        examples: ['http://127.0.0.1:8000/api/v1/candles/{symbol}'],
      },
      key: {
        type: 'string',
        secret: true,
        description:
          'Key that `candles` are asked for with, where that API has `keys`. Default, and if it is empty: none.',
      },
      intervals: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { type: 'string', format: 'duration' },
        default: ['1m', '5m', '1h', '1d'],
        description: 'The lengths that candles may have, the shortest first: those that the route knows.',
      },
      log: {
        type: 'string',
        minLength: 1,
        format: 'path',
        default: 'data/dashboard.log',
        description:
          'File that the log of the process is appended to while the screen is shown. It is created if missing, with its folder, and renamed to `NAME.1` at 10 MiB. If it cannot be written, a file in the temp folder is used.',
      },
    },
  },
  sink: {
    options: noUsage,
    shows: true,
    guarantee: () => ({ loses: { why: 'a screen shows the latest values and keeps none' } }),
  },
  claims: () => [standardOutput],
  logFile: ({ log }) => log,
  async create(options, { name }) {
    const { stdout } = process;
    if (!isScreen(stdout, process.env)) {
      const { PlainSink } = await import('./plain-sink.ts');
      return { sink: (_usage, role) => new PlainSink(role, { name, stream: stdout }), close: async () => {} };
    }
    const [{ TerminalSink }, { openScreen }, { barRequest }, { isAscii }] = await Promise.all([
      import('./sink.ts'),
      withPackages(['blessed', 'blessed-contrib'], name, import('./screen.ts')),
      import('./bar-request.ts'),
      import('./ascii.ts'),
    ]);
    const { NO_COLOR, TERM } = process.env;
    const { candles, intervals, key } = options;
    return {
      sink: (_usage, role) =>
        new TerminalSink(role, {
          maxSymbols: options.max_symbols,
          isAscii: isAscii(process.env),
          candles: candles === undefined ? undefined : { ask: barRequest(candles, role.clock, key), intervals },
          openScreen: (listener) => openScreen({ ...listener, isColoured: !NO_COLOR, terminal: TERM }),
          interrupt: () => process.kill(process.pid, 'SIGINT'),
        }),
      close: async () => {},
    };
  },
});
