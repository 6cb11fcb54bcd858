import { once } from 'node:events';
import { type ClientOptions, WebSocket } from 'ws';
import type { TestExchange } from './feeds.ts';
import { opened } from './finnhub.ts';
import { until } from './sockets.ts';

interface Client {
  readonly socket: WebSocket;
  /** All frames except pings, parsed if possible. */
  readonly frames: unknown[];
  pings: number;
  closed: number | undefined;
  ask(value: unknown): void;
}

export async function dial(server: TestExchange, ...symbols: string[]): Promise<Client> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/?token=key`);
  const client: Client = {
    socket,
    frames: [],
    pings: 0,
    closed: undefined,
    ask: (value) => socket.send(typeof value === 'string' ? value : JSON.stringify(value)),
  };
  socket.on('message', (data) => {
    const text = String(data);
    if (text === '{"type":"ping"}') client.pings++;
    else client.frames.push(parsed(text));
  });
  socket.on('error', () => {});
  socket.on('close', (code) => {
    client.closed = code;
  });
  opened.push(() => socket.terminate());
  await once(socket, 'open');
  for (const symbol of symbols) client.ask({ type: 'subscribe', symbol });
  // The error frame for an invalid message arrives after the replies to all earlier messages.
  client.ask('?');
  await until(() => client.frames.length > 0);
  client.frames.length = 0;
  return client;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export async function statusOf(url: string, options: ClientOptions = {}): Promise<number | undefined> {
  const socket = new WebSocket(url, options);
  socket.on('error', () => {});
  const [, response] = await Promise.race([
    once(socket, 'unexpected-response'),
    once(socket, 'open').then(() => [undefined, { statusCode: 101 }]),
  ]);
  socket.terminate();
  return response.statusCode;
}
