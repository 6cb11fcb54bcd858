import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  defineConnector,
  type FdpError,
  hostAndPort,
  noUsage,
  onAbort,
  parseJson,
  pushSource,
  queueBounds,
  queueSchema,
} from '../src/kit/index.ts';

/** `udp`: a message for each datagram, which holds one JSON value; any other is rejected with its bytes. */
export const udp = defineConnector({
  type: 'udp',
  summary: 'Receives JSON values as UDP datagrams.',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['listen'],
    properties: {
      listen: { type: 'string', format: 'address', description: 'Address that is bound.', examples: ['127.0.0.1:9999'] },
      queue: queueSchema,
    },
  },
  example: 'ticks: { type: udp, listen: "127.0.0.1:9999" }',
  source: { options: noUsage, exclusive: true },
  claims: ({ listen }) => [`udp ${listen}`],
  async create({ listen, queue }, { name }) {
    const { host, port } = hostAndPort(listen);
    return {
      source: (_usage, role) =>
        pushSource(role, {
          ...{ name, queue: queueBounds(queue), gapsOf: 'datagrams' },
          async receive(intake) {
            const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
            socket.on('message', (raw) => {
              const message = { key: null, timestamp: role.clock.now(), meta: { lane: name }, raw };
              intake.push({ ...message, ...parsed(raw) }, raw.length);
            });
            socket.bind(port, host, () => role.node.is('ok'));
            onAbort(intake.signal, () => socket.close());
            await once(socket, 'close');
          },
        }),
      close: async () => {},
    };
  },
});

function parsed(raw: Buffer): { readonly value: unknown; readonly problem?: FdpError } {
  try {
    return { value: parseJson(raw) };
  } catch (problem) {
    return { value: undefined, problem: problem as FdpError };
  }
}
