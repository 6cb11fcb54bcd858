import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  defineConnector,
  figures,
  Gap,
  noUsage,
  onAbort,
  pushSource,
  queueBounds,
  queueSchema,
  valueOrProblem,
} from '../src/kit/index.ts';

/** `udp`: a message for each datagram, which holds one JSON value; any other is rejected with its bytes. */
export const udp = defineConnector({
  type: 'udp',
  summary: 'Receives JSON values as UDP datagrams on 127.0.0.1.',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['port'],
    properties: {
      port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'Port to listen on.', examples: [9999] },
      queue: queueSchema,
    },
  },
  figures: { dropped: figures.dropped, gaps: figures.gaps, gap_ms: figures.gap_ms, open_gaps: figures.open_gaps },
  example: 'ticks: { type: udp, port: 9999 }',
  source: {
    options: noUsage,
    exclusive: true,
    guarantee: () => ({ loses: { why: 'a datagram is sent once, whether somebody receives it or not' } }),
  },
  claims: ({ port }) => [`udp ${port}`],
  create: async ({ port, queue }, { name }) => ({
    source: (_usage, role) =>
      pushSource({
        ...{ name, queue: queueBounds(queue), gap: new Gap({ ...role, name, what: 'datagrams' }) },
        onDropped: (count) => role.node.count('dropped', count),
        async receive({ push, signal }) {
          const socket = createSocket('udp4');
          socket.on('message', (raw) => {
            const message = { key: null, timestamp: role.clock.now(), meta: { lane: name } };
            push({ ...message, ...valueOrProblem(raw, name) }, raw.length);
          });
          socket.bind(port, '127.0.0.1', () => role.node.is('ok'));
          onAbort(signal, () => socket.close());
          await once(socket, 'close');
        },
      }),
    close: async () => {},
  }),
});
