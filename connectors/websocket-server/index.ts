import { defineConnector, noUsage } from '../../src/kit/declaration.ts';
import { counter, figures } from '../../src/kit/figures.ts';
import { listenClaims, reachable } from '../../src/kit/listen.ts';
import { perAddressSchema } from '../../src/kit/places.ts';
import { Proven } from '../../src/kit/proven.ts';
import { ServerTls, tlsSchema } from '../../src/kit/tls.ts';
import { durationMs, sizeBytes } from '../../src/kit/units.ts';

const probability = { type: 'number', minimum: 0, maximum: 1, default: 0 } as const;

/**
 * A server that speaks Finnhub's protocol, for tests and demonstrations without a key. It takes frames of trades and
 * gives every client those of the symbols it subscribed to. On request it misbehaves as the real one has been observed
 * to.
 */
export const websocketServer = defineConnector({
  type: 'websocket_server',
  summary: "A WebSocket server that speaks Finnhub's protocol and injects faults on request.",
  twin: 'messages',
  figures: {
    clients: figures.clients,
    faults: counter('faults', 'Faults that were made: frames cut, repeated, late or unreadable, silences.'),
    frames_sent: counter('sent_frames', 'Frames sent to clients.'),
    rejected_clients: figures.rejected_clients,
    slow_clients_cut: figures.slow_clients,
    wrong_keys: figures.wrong_keys,
  },
  example: 'exchange: { type: websocket_server, listen: "127.0.0.1:8765", token: simulator }',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['listen', 'token'],
    properties: {
      listen: {
        type: 'string',
        format: 'address',
        description: 'Address to listen on.',
        examples: ['127.0.0.1:8765'],
      },
      token: {
        type: 'string',
        minLength: 1,
        secret: true,
        description:
          'The key that clients must send as `?token=`. Others get 401, and an address that has sent 60 wrong ones gets 429, whatever it sends, until it has waited.',
      },
      origins: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        default: [],
        description:
          'Origins of web pages that may connect. Pages of other origins get 403. Programs send no origin and may connect.',
        examples: [['http://127.0.0.1:8000']],
      },
      ping: {
        type: 'string',
        format: 'duration',
        default: '10s',
        description: 'Interval of the frame {"type":"ping"}.',
      },
      client_buffer: {
        type: 'string',
        format: 'size',
        default: '1MiB',
        description:
          'Maximum size of the data that waits for one client. Beyond it the client is disconnected and counted.',
      },
      max_clients: {
        type: 'integer',
        minimum: 1,
        default: 100,
        description: 'Maximum number of clients. Others get 429.',
      },
      max_clients_per_address: perAddressSchema,
      tls: tlsSchema,
      max_symbols: {
        type: 'integer',
        minimum: 1,
        default: 50,
        description: 'Maximum number of symbols per client. Further subscriptions get an error frame.',
      },
      control: {
        type: 'boolean',
        default: false,
        description:
          'Whether clients may request faults: {"type":"fault","fault":"cut","for":"2s"}, also garbage, duplicate, late and silence, for at most ten minutes.',
      },
      faults: {
        type: 'object',
        additionalProperties: false,
        default: {},
        description: 'Faults that are injected without a request.',
        properties: {
          cut_every: {
            type: 'integer',
            minimum: 1,
            description: 'Closes every connection after that many frames of trades.',
            examples: [500],
          },
          garbage: {
            ...probability,
            description: 'Probability that an unreadable frame is sent before a frame of trades.',
          },
          duplicate: { ...probability, description: 'Probability that a frame is sent twice.' },
          late: { ...probability, description: 'Probability that a frame is sent after some of its successors.' },
          silence_every: {
            type: 'integer',
            minimum: 1,
            description: 'Sends nothing, not even pings, for `silence` after that many frames of trades.',
          },
          silence: {
            type: 'string',
            format: 'duration',
            default: '90s',
            description: 'How long nothing is sent. Trades of that time are lost.',
          },
        },
      },
    },
  },
  sink: {
    options: noUsage,
    exclusive: true,
    shows: true,
    guarantee: () => ({
      loses: { why: 'no client confirms a frame, and each gets what is sent while it is connected' },
    }),
  },
  claims: (options) => listenClaims(options.listen),
  address: (options) => {
    const { host, port } = reachable(options.listen);
    return `${options.tls ? 'wss' : 'ws'}://${host}:${port}`;
  },
  async create(options, context) {
    const { SimulatedExchange } = await import('./server.ts');
    const { faults } = options;
    const proven = new Proven();
    const tls = options.tls && new ServerTls(options.tls, { ...context, proven });
    return {
      sink: (_usage, role) =>
        new SimulatedExchange(role, {
          name: context.name,
          address: options.listen,
          token: options.token,
          origins: options.origins,
          pingMs: durationMs(options.ping),
          clientBuffer: sizeBytes(options.client_buffer),
          maxClients: options.max_clients,
          maxClientsPerAddress: options.max_clients_per_address,
          tls,
          maxSymbols: options.max_symbols,
          proven,
          control: options.control,
          faults: {
            disconnectEvery: faults.cut_every,
            garbage: faults.garbage,
            duplicate: faults.duplicate,
            late: faults.late,
            silenceEvery: faults.silence_every,
            silenceMs: durationMs(faults.silence),
          },
        }),
      close: async () => {},
    };
  },
});
