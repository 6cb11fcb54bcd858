import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { file } from '../../connectors/file/index.ts';
import { finnhub } from '../../connectors/finnhub/index.ts';
import { tcp } from '../../connectors/tcp/index.ts';
import { websocketServer } from '../../connectors/websocket-server/index.ts';
import { systemClock } from '../../src/kit/clock.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { benchOf } from '../support/contracts/bench.ts';
import { messageWith } from '../support/contracts/log-harness.ts';
import { sinkContract } from '../support/contracts/sink-contract.ts';
import { sourceContract } from '../support/contracts/source-contract.ts';
import { ask, closeAll, sourceOf } from '../support/sockets/rest.ts';
import { openSockets, portOf, until } from '../support/sockets/sockets.ts';

const numberOf = ({ value }: Pick<SourceMessage, 'value'>) => (value as { number: number }).number;
const numbered = (number: number) => messageWith({ number }, { key: `k${number}` });
const tick = (number: number) => messageWith({ symbol: `S${number}`, price: number }, { key: `S${number}` });
const noSocketLeft = () => until(() => openSockets() === 0);

async function fileBench() {
  const folder = await mkdtemp(join(tmpdir(), 'fdp-contract-'));
  const path = join(folder, 'messages.ndjson');
  const bench = await benchOf(file, { path }, new VirtualClock());
  return { bench, path, dispose: () => rm(folder, { recursive: true }) };
}

sourceContract('file', async () => {
  const { bench, path, dispose } = await fileBench();
  let next = 0;
  return {
    ...{ clock: bench.clock, node: bench.node, source: bench.source(), numberOf, dispose, readsBacklog: true },
    give: (count) =>
      appendFile(path, Array.from({ length: count }, () => `${JSON.stringify({ number: next++ })}\n`).join('')),
  };
});

sinkContract('file', async () => {
  const { bench, path, dispose } = await fileBench();
  const stored = async () => {
    const text = await readFile(path, 'utf8').catch(() => '');
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line).number);
  };
  return { clock: bench.clock, sink: bench.sink(), message: numbered, stored, dispose };
});

sourceContract('tcp', async () => {
  const clients: Socket[] = [];
  const server = createServer((socket) => void clients.push(socket.on('error', () => {}).resume()));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const bench = await benchOf(tcp, { connect: `127.0.0.1:${port}`, queue: { messages: 20 } }, systemClock);
  let next = 0;
  return {
    ...{ clock: systemClock, node: bench.node, source: bench.source(), numberOf },
    lost: () => bench.node.extra['skipped_lines'] ?? 0,
    give: async (count) => {
      await until(() => clients.length > 0);
      for (let left = count; left > 0; left--) clients.at(-1)?.write(`${JSON.stringify({ number: next++ })}\n`);
    },
    dispose: async () => {
      for (const client of clients) client.destroy();
      server.close();
      await noSocketLeft();
    },
  };
});

sinkContract('tcp', async () => {
  const bench = await benchOf(tcp, { listen: '127.0.0.1:0' }, systemClock);
  return { clock: systemClock, sink: bench.sink(), message: tick, dispose: noSocketLeft };
});

sourceContract('finnhub', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const subscribed: WebSocket[] = [];
  server.on('connection', (socket) => socket.on('message', () => void subscribed.push(socket)));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options = { url, token: 'key', symbols: ['A'], queue: { messages: 20 } };
  const bench = await benchOf(finnhub, options, systemClock);
  let next = 0;
  return {
    ...{ clock: systemClock, node: bench.node, source: bench.source() },
    numberOf: ({ value }) => (value as { data: { p: number }[] }).data[0]?.p ?? -1,
    lost: () => bench.node.extra['dropped_frames'] ?? 0,
    give: async (count) => {
      await until(() => subscribed.length > 0);
      for (let left = count; left > 0; left--)
        subscribed.at(-1)?.send(JSON.stringify({ type: 'trade', data: [{ s: 'A', p: next++, t: 1, v: 1 }] }));
    },
    dispose: async () => {
      for (const client of server.clients) client.terminate();
      server.close();
      await noSocketLeft();
    },
  };
});

sinkContract('websocket_server', async () => {
  const bench = await benchOf(websocketServer, { listen: '127.0.0.1:0', token: 'key' }, systemClock);
  const frame = (number: number) => messageWith({ type: 'trade', data: [{ s: 'A', p: number, t: 1, v: 1 }] });
  return { clock: systemClock, sink: bench.sink(), message: frame, dispose: noSocketLeft };
});

sourceContract('rest', async () => {
  const { source, node, log } = await sourceOf();
  let next = 0;
  return {
    ...{ clock: systemClock, node, source, answers: true, dispose: closeAll },
    numberOf: ({ value }) => Number((value as { symbol: string }).symbol.slice(1)),
    give: async (count) => {
      const path = () => `/api/v1/trades/S${next++}`;
      for (let left = count; left > 0; left--) ask(portOf(log), path()).catch(() => {});
    },
  };
});

sinkContract('rest', async () => {
  const { sink } = await sourceOf();
  const refused = (number: number) => messageWith({ number }, { key: `S${number}` });
  return { clock: systemClock, sink, message: tick, refused, dispose: closeAll };
});
