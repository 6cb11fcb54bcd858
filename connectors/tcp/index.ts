import { defineConnector, noUsage } from '../../src/kit/declaration.ts';
import { checkExposure, insecureSchema } from '../../src/kit/exposure.ts';
import { counter, figures } from '../../src/kit/figures.ts';
import { Keys, keyFileSchema } from '../../src/kit/keys.ts';
import { listenClaims, reachable } from '../../src/kit/listen.ts';
import { perAddressSchema } from '../../src/kit/places.ts';
import { Proven } from '../../src/kit/proven.ts';
import { queueBounds, queueSchema } from '../../src/kit/queue.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import { ServerTls, tlsFileSchemas } from '../../src/kit/tls.ts';
import { durationMs, sizeBytes } from '../../src/kit/units.ts';
import { checkTls, clientTls, serverFiles } from './tls-options.ts';

/**
 * TCP, one JSON object per line. With `listen` it is a sink: a server that broadcasts every message to all its clients
 * and never waits for one. With `connect` it is a source: a client of such a server, which reconnects after every loss.
 * Missed messages are not sent again: of a client they are a gap, which the log has if its lines are envelopes of trades.
 */
export const tcp = defineConnector({
  type: 'tcp',
  summary: 'JSON lines over TCP: a broadcasting server (sink) or a client (source).',
  twin: 'messages',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      listen: {
        type: 'string',
        format: 'address',
        description: 'Address to listen on as a server (sink). Exactly one of `listen` and `connect` is given.',
        examples: ['127.0.0.1:8888'],
      },
      connect: {
        type: 'string',
        format: 'address',
        description: 'Address of the server to connect to as a client (source).',
        examples: ['127.0.0.1:8888'],
      },
      key: {
        type: 'string',
        minLength: 1,
        default: 'symbol',
        description:
          'Field that holds the key of a line, for messages without a key. A later line of the same key may replace an earlier one.',
      },
      client_buffer: {
        type: 'string',
        format: 'size',
        default: '1MiB',
        description:
          'Server: maximum size of the data that waits for one client. Beyond it the client gets only the latest line of each key.',
      },
      client_timeout: {
        type: 'string',
        format: 'duration',
        default: '60s',
        description: 'Server: a client is disconnected after it has not read waiting lines for so long.',
      },
      max_clients: {
        type: 'integer',
        minimum: 1,
        maximum: 100_000,
        default: 1000,
        description: 'Server: maximum number of clients. Others are closed. Who has not sent a key yet takes no place.',
      },
      max_clients_per_address: perAddressSchema,
      max_line: {
        type: 'string',
        format: 'size',
        default: '64KiB',
        description: 'Client: maximum length of a line. Longer ones are skipped and counted.',
      },
      connect_timeout: {
        type: 'string',
        format: 'duration',
        default: '10s',
        description: 'Client: time limit of one connection attempt.',
      },
      keys: {
        type: 'object',
        additionalProperties: false,
        required: ['file'],
        description:
          'Server: who gets the lines. Without: everybody who can reach the port. With: whoever sends a key with the scope `stream` in the first line, as `{"token":"KEY"}`, within 5 s. Others get one line with the reason, and are disconnected.',
        properties: { file: keyFileSchema },
      },
      insecure: insecureSchema,
      token: {
        type: 'string',
        maxLength: 200,
        secret: true,
        description: 'Client: key that it sends as its first line, for a server with `keys`. Empty: none.',
      },
      queue: queueSchema,
      tls: {
        type: ['object', 'boolean'],
        additionalProperties: false,
        description:
          'Encrypts the connections. Server: `{ cert, key }`; renewed files are taken over within a second, for new connections. Client: `true` trusts the certificate authorities that Node.js trusts, `{ ca }` those of a file. Without: everybody on the way can read and change them.',
        properties: {
          ...tlsFileSchemas,
          ca: {
            type: 'string',
            format: 'path',
            minLength: 1,
            description: 'Client: file of the trusted certificate authorities, PEM.',
          },
          server_name: {
            type: 'string',
            minLength: 1,
            description: 'Client: name that the certificate of the server is for, if it is not the host of `connect`.',
          },
        },
        examples: [{ cert: '/etc/fdp/fullchain.pem', key: '/etc/fdp/privkey.pem' }],
      },
    },
  },
  figures: {
    clients: figures.clients,
    gap_ms: figures.gap_ms,
    gaps: figures.gaps,
    open_gaps: figures.open_gaps,
    reconnects: figures.reconnects,
    refused_clients: counter(
      'refused_clients',
      'Clients refused because max_clients, or max_clients_per_address, were connected.',
    ),
    rejected_clients: figures.rejected_clients,
    skipped_lines: figures.skipped_lines,
    stalled_clients: counter('stalled_clients', 'Clients disconnected because they did not read for client_timeout.'),
    wrong_keys: figures.wrong_keys,
  },
  example: 'vwap_feed: { type: tcp, listen: "127.0.0.1:8888", client_buffer: 1MiB }',
  source: {
    options: noUsage,
    guarantee: () => ({
      loses: {
        why: 'what is sent while the connection or the process is down is not sent again',
        cure: 'read from the log that it is written to',
      },
    }),
  },
  sink: {
    options: noUsage,
    exclusive: true,
    shows: true,
    guarantee: () => ({
      loses: {
        why: 'no client confirms a line, and each gets what is sent while it is connected',
        cure: 'let clients that need every message read the log',
      },
    }),
  },

  address: ({ listen, tls }) => {
    if (listen === undefined) return undefined;
    const { host, port } = reachable(listen);
    return tls ? `openssl s_client -quiet -connect ${host}:${port}` : `nc ${host} ${port}`;
  },
  channel: ({ listen, tls, keys }) => {
    if (listen === undefined) return undefined;
    const { host, port } = reachable(listen);
    return { protocol: tls ? 'tls' : 'tcp', host: `${host}:${port}`, address: null, hasKeys: keys !== undefined };
  },
  roles: ({ listen }) => (listen === undefined ? ['source'] : ['sink']),
  claims: (options) => (options.listen === undefined ? [] : listenClaims(options.listen)),

  check(options, report) {
    checkTls(options, report);
    if (options.listen !== undefined) checkExposure({ ...options, listen: options.listen }, report);
    if (options.connect !== undefined && options.keys) report(['keys'], 'is for a server: a client has `token`');
    if (options.listen !== undefined && options.token !== undefined)
      report(['token'], 'is for a client: a server has `keys: { file }`');
    if ((options.listen === undefined) === (options.connect === undefined))
      report([], 'expected exactly one of `listen` (a server, for a sink) and `connect` (a client, for a source)');
  },

  async create(options, environment) {
    const { name } = environment;
    const { listen, connect, tls } = options;
    if (listen !== undefined) {
      const { TcpServer } = await import('./server.ts');
      const proven = new Proven();
      const files = serverFiles(tls);
      return {
        sink: (_usage, context: RoleContext) =>
          new TcpServer(context, {
            name,
            address: listen,
            key: options.key,
            clientBuffer: sizeBytes(options.client_buffer),
            clientTimeoutMs: durationMs(options.client_timeout),
            maxClients: options.max_clients,
            maxClientsPerAddress: options.max_clients_per_address,
            keys: options.keys && new Keys(options.keys.file, name, environment),
            proven,
            tls: files && new ServerTls(files, { ...environment, proven }),
          }),
        close: async () => {},
      };
    }
    const { tcpClient } = await import('./client.ts');
    return {
      source: (_usage, context: RoleContext) =>
        tcpClient(context, {
          name,
          address: connect ?? '',
          key: options.key,
          maxLine: sizeBytes(options.max_line),
          connectTimeoutMs: durationMs(options.connect_timeout),
          queue: queueBounds(options.queue),
          tls: clientTls(tls),
          token: options.token === '' ? undefined : options.token,
        }),
      close: async () => {},
    };
  },
});
