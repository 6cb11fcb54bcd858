import { defineConnector, noUsage } from '../../src/kit/declaration.ts';
import { counter, figures } from '../../src/kit/figures.ts';
import { feedMessages } from '../../src/kit/message-schemas.ts';
import { Proven } from '../../src/kit/proven.ts';
import { queueBounds, queueSchema } from '../../src/kit/queue.ts';
import { durationMs, sizeBytes } from '../../src/kit/units.ts';

/**
 * Finnhub's WebSocket feed. It can't replay: what was traded while the connection was away, or given up by a full
 * queue, is lost, and counted as a gap. A key may hold one connection: run one process with it.
 */
export const finnhub = defineConnector({
  type: 'finnhub',
  summary: 'Live trades from Finnhub over one WebSocket, frame by frame.',
  twin: 'messages',
  figures: {
    dropped_frames: counter('dropped_frames', 'Frames given up because the queue was full.'),
    error_frames: counter('error_frames', 'Frames in which Finnhub reported an error.'),
    gap_ms: figures.gap_ms,
    gaps: figures.gaps,
    open_gaps: figures.open_gaps,
    reconnects: figures.reconnects,
    unknown_frames: counter('unknown_frames', 'Frames of an unknown type.'),
  },
  example: 'finnhub: { type: finnhub, token: your-key, symbols: [AAPL, "BINANCE:BTCUSDT"] }',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['token', 'symbols'],
    properties: {
      url: {
        type: 'string',
        default: 'wss://ws.finnhub.io',
        description: 'URL of the feed, without the token.',
        examples: ['wss://ws.finnhub.io', 'ws://127.0.0.1:8765'],
      },
      token: {
        type: 'string',
        minLength: 1,
        secret: true,
        missingHint: 'get a free key at https://finnhub.io/register',
        description: 'API key.',
      },
      symbols: {
        type: 'array',
        items: { type: 'string', minLength: 1, maxLength: 40 },
        minItems: 1,
        uniqueItems: true,
        description:
          'Symbols to subscribe to, as Finnhub names them: ten per second after each connect. Refused ones are tried again every 15 minutes.',
        examples: [['AAPL', 'BINANCE:BTCUSDT']],
      },
      max_symbols: {
        type: 'integer',
        minimum: 1,
        default: 50,
        description: 'Number of symbols that the plan of the key is known to allow. More are tried, with a warning.',
      },
      watchdog: {
        type: 'string',
        format: 'duration',
        default: '60s',
        description:
          'After so long without data the connection is checked with a WebSocket ping. Without a response fdp reconnects.',
      },
      handshake_timeout: {
        type: 'string',
        format: 'duration',
        default: '10s',
        description: 'Time limit of one connection attempt.',
      },
      reconnect: {
        type: 'object',
        additionalProperties: false,
        default: {},
        description: 'Back-off between connection attempts: a random part of a time that doubles from `min` to `max`.',
        properties: {
          min: { type: 'string', format: 'duration', default: '500ms', description: 'The first wait.' },
          max: { type: 'string', format: 'duration', default: '30s', description: 'The longest wait.' },
          healthy: {
            type: 'string',
            format: 'duration',
            default: '60s',
            description: 'After a connection of this length the back-off starts again from `min`.',
          },
        },
      },
      max_frame: {
        type: 'string',
        format: 'size',
        default: '1MiB',
        description: 'Maximum size of a frame. After a larger one fdp reconnects.',
      },
      queue: queueSchema,
    },
  },
  source: {
    options: noUsage,
    messages: feedMessages,
    exclusive: true,
    guarantee: () => ({
      loses: {
        why: 'what is traded while the connection or the process is down is not sent again',
        cure: 'read from the log that it is written to',
      },
    }),
  },
  claims: (options) => [`finnhub session ${options.url}`],
  check(options, report) {
    const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
    if (url?.protocol !== 'ws:' && url?.protocol !== 'wss:')
      report(['url'], 'expected an address that begins with wss:// or ws://');
    else if (url.searchParams.has('token')) report(['url'], 'expected no token here', 'give it in `token`');
  },
  async create(options, context) {
    const { finnhubSource } = await import('./feed.ts');
    const proven = new Proven();
    return {
      source: (_usage, role) =>
        finnhubSource(role, {
          name: context.name,
          url: options.url,
          token: options.token,
          symbols: options.symbols,
          maxSymbols: options.max_symbols,
          watchdogMs: durationMs(options.watchdog),
          handshakeMs: durationMs(options.handshake_timeout),
          reconnect: {
            minMs: durationMs(options.reconnect.min),
            maxMs: durationMs(options.reconnect.max),
            healthyMs: durationMs(options.reconnect.healthy),
          },
          maxFrame: sizeBytes(options.max_frame),
          proven,
          queue: queueBounds(options.queue),
        }),
      close: async () => {},
    };
  },
});
